"""Files that a person imports: declared, read, judged, kept, and what became of each."""
