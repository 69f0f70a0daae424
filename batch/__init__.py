"""Container entry points and the self-managed runner stand here, thin like functions."""
