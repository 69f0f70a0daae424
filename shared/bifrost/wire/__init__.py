"""What every capability writes the same way in its JSON over HTTP; pydantic, so never on a task."""
