"""Series in files."""
