"""The figures of a device at the edge."""
