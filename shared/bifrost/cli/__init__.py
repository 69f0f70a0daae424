"""The bifrost command."""
