"""A served capsule fitted anew to its streams' rows, with what people said of their events."""
