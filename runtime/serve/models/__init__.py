"""Capsules by name and version."""
