"""Instruments over time: who had which symbol when, listed or not, and who knew it when."""
