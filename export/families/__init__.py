"""What each family gives an export: shapes, weights, graph, NumPy reference."""
