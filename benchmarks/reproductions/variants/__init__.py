"""The published recipe with one choice changed at a time."""
