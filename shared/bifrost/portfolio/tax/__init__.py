"""Tax on an owner's own trades: wash sales, what a sale would realise, Form 8949 and 1099-B."""
