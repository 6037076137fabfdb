"""The published single-feature autoencoder on the RDS CPU series of NAB."""
