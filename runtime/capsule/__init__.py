"""What a capsule says of itself, and whether to believe it."""
