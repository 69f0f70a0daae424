"""The worker that does not end: on a self-managed host, or as a container."""
