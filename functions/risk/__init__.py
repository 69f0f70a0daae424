"""The risk Lambda."""
