"""The forecaster beside what is published, and beside what costs nothing."""
