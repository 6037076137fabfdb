"""What scoring on Spark costs: rows a second, overhead, state, and the least a batch takes."""
