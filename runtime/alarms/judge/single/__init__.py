"""The judge of one channel for one stream, in plain numbers: the same figures, without arrays."""
