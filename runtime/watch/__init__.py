"""Lines in, answers out: reading, feeding, the journal of what has been written."""
