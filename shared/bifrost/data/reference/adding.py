"""Corporate actions into the books: what is new of them, and what others shall hear."""

from collections.abc import Sequence
from datetime import datetime

from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.files.corporate_action_file import instruments_of
from bifrost.data.ports import Ids, ImportTransaction
from bifrost.data.reference.action_news import event_of, news_of
from bifrost.data.reference.announcing import announcements
from bifrost.events import Event


def add_actions(
    books: ImportTransaction,
    rows: Sequence[tuple[int, CorporateAction]],
    at: datetime,
    *,
    ids: Ids,
    correlation_id: str,
) -> tuple[list[CorporateAction], list[Event]]:
    """Add what is not stored word for word; return it, and the events of what came to stand.

    rows: each action with its line. Raises InvalidInputError as `news_of` does.
    """
    actions = [action for _, action in rows]
    action_ids = sorted({one.action_id for one in actions})
    names, sources = instruments_of(actions), books.sources()
    stored = books.stored_actions(names, action_ids)
    news = news_of(rows, stored, sources)
    books.add_actions(news, at)
    said = [one for revisions in stored.values() for one in revisions]
    told = announcements(news, said, books.published_actions(names, action_ids), sources)
    books.publish_actions([one.action for one in told], at)
    return news, [event_of(one, ids.new(), at, correlation_id) for one in told]
