"""A capsule's graph as a function: scaled values in, scores out."""
