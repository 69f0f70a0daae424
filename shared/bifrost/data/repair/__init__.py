"""Repairs of what a vendor got wrong: scored, reversible, the raw value kept."""
