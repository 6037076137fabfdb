"""A recursive forecaster as a detector: the error of what it forecast some rows before."""
