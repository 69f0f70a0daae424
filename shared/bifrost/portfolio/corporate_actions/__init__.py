"""What corporate actions do to the lots and the ledger of one account, and how it is undone."""
