"""Reproduces published results and measures: what comes out is JSON, plots and a report."""
