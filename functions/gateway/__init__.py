"""The gateway Lambda."""
