"""The Open Inference Protocol (V2) over capsules, and forecasts."""
