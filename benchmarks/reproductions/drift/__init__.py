"""Fixed against rolling thresholds on series that drift."""
