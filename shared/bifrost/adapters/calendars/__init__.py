"""Exchange calendars, baked into files so that no hot path imports pandas."""
