"""Portfolio keeps the books: accounts, a double-entry ledger, lots, positions and P&L."""
