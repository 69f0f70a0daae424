"""Compliance decides whether an order is allowed, and keeps every decision."""
