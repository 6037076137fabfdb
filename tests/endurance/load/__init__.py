"""What the service is loaded with: scripts of wrk, and the handler that it is beside."""
