"""Students that read a window by segments: size, latency and detection beside each other."""
