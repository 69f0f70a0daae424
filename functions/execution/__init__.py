"""The execution Lambda."""
