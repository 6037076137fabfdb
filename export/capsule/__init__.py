"""A graph and its metadata become a capsule."""
