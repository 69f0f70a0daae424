"""Schema changes, forward only, one subject a file."""
