"""The data Lambda."""
