"""Faults planted in a made set: whether they alarm, and whether the right sensor is blamed."""
