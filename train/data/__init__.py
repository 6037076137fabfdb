"""Checkpoints, parameters, data sets and tables."""
