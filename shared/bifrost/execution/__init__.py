"""Execution takes an order from intent to its end and never sends it twice."""
