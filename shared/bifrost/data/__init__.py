"""Data knows instruments, sessions and bars, and plays stored bars as a live feed."""
