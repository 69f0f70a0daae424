"""In-memory adapters, held to the same contracts as the real ones."""
