"""Other parties' histories of an account: read from text, previewed, booked and undone."""
