"""Once an item's daily bars are all there, their vendor is asked for corporate actions, too."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest

from bifrost.core.errors import UnavailableError
from bifrost.data.ingest.jobs import Item, ItemState, Scope
from bifrost.data.providers.told_actions import LeftOut
from bifrost.data.reference.asking import ActionRequest, ActionsAsked
from bifrost.data.series.timeframes import Timeframe
from functions.data import tasks_ingestion, wiring_ingestion

FIRST, BEFORE = datetime(2022, 7, 1, 4, tzinfo=UTC), datetime(2022, 8, 1, 4, tzinfo=UTC)
ENDED = Item(
    job_id="job-1",
    instrument="GME",
    symbol="GME",
    scope=Scope("yahoo", Timeframe.D1, FIRST, BEFORE),
    state=ItemState.DONE,
    resume_at=BEFORE,
    due_at=None,
)


@dataclass(slots=True)
class Desk:
    """An ingester that leaves its item as it is told to, and who asks for actions."""

    item: Item | None
    error: Exception | None = None
    sent: list[Item] = field(default_factory=list)
    asked: list[tuple[str, ActionRequest]] = field(default_factory=list)
    left_out: tuple[LeftOut, ...] = ()
    remarks: list[tuple[int, list[str]]] = field(default_factory=list)

    def work(self, number: int) -> Item | None:
        """Leave it."""
        return self.item

    def send(self, items: list[Item]) -> None:
        """Send what is left of it."""
        self.sent += items

    def ask(self, vendor: str, asked: ActionRequest, correlation_id: str) -> ActionsAsked:
        """Ask, or fail."""
        self.asked.append((vendor, asked))
        if self.error is not None:
            raise self.error
        return ActionsAsked(left_out=self.left_out)

    def remark(self, number: int, said: list[str]) -> None:
        """Add to what the item says."""
        self.remarks += [(number, said)] if said else []


def ingest(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Desk:
    """Let a message come."""
    for name in ("ingester", "dispatcher", "action_asker"):
        monkeypatch.setattr(wiring_ingestion, name, lambda: desk)
    tasks_ingestion.ingest({"detail": {"item": 1}})
    return desk


def test_the_vendor_of_daily_bars_is_asked_for_their_days_and_a_month_around(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = ingest(monkeypatch, Desk(ENDED))

    days = ActionRequest("GME", "GME", date(2022, 5, 31), date(2022, 9, 1))
    assert desk.asked == [("yahoo", days)]


@pytest.mark.parametrize(
    "item",
    [
        None,
        replace(ENDED, state=ItemState.PARTIAL, resume_at=FIRST, due_at=BEFORE),
        replace(ENDED, state=ItemState.FAILED, resume_at=FIRST),
        replace(ENDED, scope=replace(ENDED.scope, timeframe=Timeframe.M1)),
    ],
)
def test_of_an_item_that_is_not_over_or_has_minutes_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, item: Item | None
) -> None:
    assert ingest(monkeypatch, Desk(item)).asked == []


def test_bars_are_kept_whether_their_vendor_answers_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = ingest(monkeypatch, Desk(ENDED, UnavailableError("no key")))

    assert (desk.sent, len(desk.asked)) == ([ENDED], 1)


def test_what_the_vendor_told_and_is_not_taken_stands_in_the_item_s_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = LeftOut("redemptions", date(2022, 7, 22), "whether all were redeemed is not told")

    desk = ingest(monkeypatch, Desk(replace(ENDED, number=7), left_out=(left,)))

    said = "not taken: redemptions of 2022-07-22: whether all were redeemed is not told"
    assert desk.remarks == [(7, [said])]
