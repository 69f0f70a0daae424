"""In which session an instant of trading falls, in SQL: as `calendars.baked.session_of` says.

The late session ends at 20:00 in New York, which in winter is the next day in UTC.
"""

SESSION = "(({at}) AT TIME ZONE 'America/New_York' + interval '4 hours')::date"
