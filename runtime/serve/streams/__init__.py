"""Samples in, verdicts and events out."""
