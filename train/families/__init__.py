"""The network families: configuration, network and recipe of each."""
