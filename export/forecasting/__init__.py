"""Forecasters as capsules: graphs, reference, intervals, golden vectors, report."""
