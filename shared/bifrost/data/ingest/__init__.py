"""Ingestion: jobs, their items, one for each instrument, and how far each of them is."""
