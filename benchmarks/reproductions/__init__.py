"""`stillwatch reproduce`: the published systems beside their baselines."""
