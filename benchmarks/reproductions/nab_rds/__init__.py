"""The single-feature autoencoder on NAB's RDS CPU series."""
