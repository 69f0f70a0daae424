"""Snapshots for screening: what was known of each instrument, and since when."""
