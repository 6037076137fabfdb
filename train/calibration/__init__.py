"""What is fitted on normal data: moments, distance, thresholds."""
