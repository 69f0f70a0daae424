"""Live streams: what was heard, what may be missing, and who is told of new bars."""
