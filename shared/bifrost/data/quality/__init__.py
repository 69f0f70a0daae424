"""The gate: what a series must be before anything may decide by it."""
