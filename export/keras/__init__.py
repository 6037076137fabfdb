"""Weights to Keras."""
