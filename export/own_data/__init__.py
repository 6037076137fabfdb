"""One's own CSV to a checkpoint, a capsule and a report."""
