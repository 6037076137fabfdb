"""`stillwatch bench`: every engine side by side."""
