"""Risk decides whether an order fits its account, and holds the exposure it would take."""
