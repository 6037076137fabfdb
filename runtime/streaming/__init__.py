"""Scores one sample, or one step of a fleet, at a time; snapshots of where that is."""
