"""Scaler, distance and thresholds of one's own sensors."""
