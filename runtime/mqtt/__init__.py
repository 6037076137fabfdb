"""(extra mqtt) Samples from a broker, each scored once; verdicts and events back to it."""
