"""Vendors behind one port: what is asked of them, and the five answers that they may give."""
