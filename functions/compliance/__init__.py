"""The compliance Lambda."""
