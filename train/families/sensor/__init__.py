"""The autoencoder of all channels jointly, on one's own data."""
