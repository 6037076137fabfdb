"""The sensor autoencoder beside its baselines."""
