"""Choosing lots: an account's standing method, an order's own words, and what a fill then closes.

A choice counts for the fills booked after it. The law asks for it by the settlement of the sale
(Treas. Reg. 1.1012-1(c)(8)); the books ask for it before the order's first fill is booked, because
what a fill realised is never changed.
"""

from dataclasses import dataclass
from datetime import datetime

from bifrost.core.errors import ConflictError, FieldProblem, InvalidInputError
from bifrost.core.money import exact_sum
from bifrost.events import ChosenPart, LotSelectionChanged
from bifrost.portfolio.catching_up import bring_up
from bifrost.portfolio.journal import step_of
from bifrost.portfolio.lot_selection import LotMethod, Security, Selection, average_refused
from bifrost.portfolio.ports import Books, Clock, Ids, Library
from bifrost.portfolio.service import live_account, market_time
from bifrost.portfolio.sessions import BEFORE_ALL, SessionOf, utc_session
from bifrost.portfolio.telling import Moment


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """A choice as its caller asked for it; without an order it is the account's standing one."""

    owner: str
    account_id: str
    order_id: str
    selection: Selection
    correlation_id: str


class LotChoices:
    """Keeps how lots are chosen."""

    def __init__(
        self, library: Library, clock: Clock, ids: Ids, session_of: SessionOf = utc_session
    ) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids
        self._session_of = session_of

    def choose(self, asked: ChoiceRequest) -> Selection:
        """Write the choice; the same again changes nothing.

        Raises ConflictError once a fill of the order has been booked.
        """
        with self._library.open() as books:
            live_account(books, asked.owner, asked.account_id)
            # What is named are lots as they are now, in today's shares.
            moment = Moment(self._ids, self._clock.now(), asked.correlation_id)
            bring_up(books, asked.account_id, moment)
            _check(books, asked)
            own, standing = books.lots.selections(asked.account_id, asked.order_id)
            now_in_force = own if asked.order_id else Selection(standing)
            if now_in_force != asked.selection:
                self._write(books, asked, self._clock.now())
            return asked.selection

    def _write(self, books: Books, asked: ChoiceRequest, now: datetime) -> None:
        after_fill = books.facts.fills_applied(asked.account_id)
        books.lots.choose(asked.account_id, asked.order_id, asked.selection, after_fill, now)
        occurred_at, is_market_time = market_time(books, now)
        event = LotSelectionChanged(
            event_id=self._ids.new(),
            occurred_at=occurred_at,
            recorded_at=now,
            correlation_id=asked.correlation_id,
            account_id=asked.account_id,
            order_id=asked.order_id,
            method=asked.selection.method.value,
            parts=tuple(ChosenPart(part.lot_id, part.quantity) for part in asked.selection.parts),
            after_fill=after_fill,
        )
        session = self._session_of(occurred_at) if is_market_time else BEFORE_ALL
        books.journal.add(asked.account_id, step_of(event, session))
        books.facts.publish(event)


def _check(books: Books, asked: ChoiceRequest) -> None:
    selection = asked.selection
    if selection.method is LotMethod.AVERAGE_COST:
        # What is listed here are stocks: no listing says otherwise yet.
        why = average_refused(Security.STOCK)
        fix = "choose fifo, lifo, hifo, lowest_tax, or specific for an order"
        raise InvalidInputError(FieldProblem("method", str(why), fix))
    if (selection.method is LotMethod.SPECIFIC) != bool(selection.parts):
        fix = "send method specific with the lots, or another method without"
        raise InvalidInputError(FieldProblem("lots", f"do not go with {selection.method}", fix))
    if selection.method is LotMethod.SPECIFIC and not asked.order_id:
        fix = "name lots with an order; an account has a standing method"
        raise InvalidInputError(FieldProblem("method", "names lots for no order", fix))
    if asked.order_id and books.lots.is_filling(asked.account_id, asked.order_id):
        raise ConflictError(f"a fill of order {asked.order_id} has closed its lots already")
    _check_named(books, asked)


def _check_named(books: Books, asked: ChoiceRequest) -> None:
    parts = asked.selection.parts
    lots = {
        lot.lot_id: lot
        for lot in books.lots.named(asked.account_id, [part.lot_id for part in parts])
    }
    problems = []
    for number, part in enumerate(parts):
        lot = lots.get(part.lot_id)
        named = exact_sum(one.quantity for one in parts if one.lot_id == part.lot_id)
        if lot is None:
            fix = "name lots of this account; GET its lots"
            problems.append(FieldProblem(f"lots.{number}.lot_id", f"no lot {part.lot_id}", fix))
        elif lot.sequence < 0:
            problem = f"{part.lot_id} was imported: no order here sells what another house holds"
            fix = "name lots that the desk bought itself"
            problems.append(FieldProblem(f"lots.{number}.lot_id", problem, fix))
        elif named > abs(lot.quantity):
            problem = f"{named} of {part.lot_id}, of which {abs(lot.quantity)} are open"
            problems.append(FieldProblem(f"lots.{number}.quantity", problem, "name no more"))
    if len({lot.instrument for lot in lots.values()}) > 1:
        problems.append(FieldProblem("lots", "are of several instruments", "name one's"))
    if problems:
        raise InvalidInputError(*problems)
