"""Vendors of market data: each speaks through its own client library, behind one port."""
