"""The portfolio Lambda."""
