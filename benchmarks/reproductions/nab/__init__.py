"""All 58 series of the Numenta Anomaly Benchmark, one universal context network, and the judge."""
