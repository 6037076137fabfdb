"""The same answers from every framework."""
