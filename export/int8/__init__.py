"""Quantised capsules."""
