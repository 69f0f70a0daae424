"""Vendors' servers, built from what their protocols are known to be; they misbehave on request."""
