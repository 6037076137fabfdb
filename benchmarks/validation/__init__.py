"""The matrix of frameworks."""
