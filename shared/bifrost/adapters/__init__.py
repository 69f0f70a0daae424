"""The only rooms that meet the world: clock, ids, Postgres, AWS, brokers, calendars."""
