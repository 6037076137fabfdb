"""Forecasts of a capsule: of files, of streams, of fleets."""
