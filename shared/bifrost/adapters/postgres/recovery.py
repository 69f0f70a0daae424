"""After an unclean end of the message system: send again what a listener never heard.

An event that was published may have died in a queue. It is marked unsent when some listener's
inbox lacks it; the relay sends it to every listener, and those that know it forget it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from bifrost.adapters.postgres.database import Database

_UNSEND = """
UPDATE {publisher}.outbox o SET published_at = NULL
WHERE published_at IS NOT NULL AND detail_type = ANY(%s) AND NOT EXISTS
    (SELECT 1 FROM {listener}.inbox i WHERE i.event_id = o.event_id)
"""
# What is news has no listener who remembers older ones. The database's clock, as received_at's.
_RECENT = " AND recorded_at > clock_timestamp() - %s"

# A detail type, a field of its detail, and the values with which it is heard.
Filter = tuple[str, str, Sequence[str]]


def unsend_unheard(
    database: Database,
    publishers: Sequence[str],
    listeners: Mapping[str, Sequence[str]],
    filters: Mapping[str, Sequence[Filter]] | None = None,
    news: Mapping[str, timedelta] | None = None,
) -> dict[str, int]:
    """Mark as unsent each published event that a listener's inbox lacks.

    publishers: schemas with an outbox; listeners: schema to the detail types that it hears;
        filters: schema to those of which it hears some alone, the others are not missing;
        news: schema to how long what it hears is worth telling, older events are not missing.
    Returns how many events each publisher will send again. Needs a role that reads every
    schema, so it runs as the database's owner, never as a capability.
    """
    with database.transaction() as cursor:
        counts = dict.fromkeys(publishers, 0)
        for publisher in publishers:
            for listener, detail_types in listeners.items():
                unsend = _UNSEND.format(publisher=publisher, listener=listener)
                age = (news or {}).get(listener)
                recent = (_RECENT, (age,)) if age else ("", ())
                for heard, values in _heard(detail_types, (filters or {}).get(listener, ())):
                    cursor.execute(unsend + heard + recent[0], (*values, *recent[1]))
                    counts[publisher] += cursor.rowcount
    return {publisher: count for publisher, count in counts.items() if count}


def _heard(
    detail_types: Sequence[str], some: Sequence[Filter]
) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield what a listener hears: more of the statement, and all its values."""
    yield "", (list(set(detail_types) - {kind for kind, _, _ in some}),)
    for kind, field, values in some:
        yield " AND detail ->> %s = ANY(%s)", ([kind], field, list(values))
