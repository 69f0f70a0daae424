"""Instruments over time: symbols, venues, terms, delistings, and who was in which index."""
