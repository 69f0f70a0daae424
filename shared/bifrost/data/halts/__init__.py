"""Trading halts: what was told of them, and since when nobody knows."""
