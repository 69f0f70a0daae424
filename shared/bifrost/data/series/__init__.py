"""Bars, quotes and trades as columns: timeframes, roll-ups, adjustment, and what was known when."""
