"""A broker's messages as a service's streams."""
