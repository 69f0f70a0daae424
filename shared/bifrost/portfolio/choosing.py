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
from bifrost.portfolio.lot_selection import (
    LotMethod,
    Method,
    Security,
    Selection,
    average_refused,
    is_averaged,
)
from bifrost.portfolio.ports import Books, Clock, Ids, Library
from bifrost.portfolio.service import live_account, market_time
from bifrost.portfolio.sessions import BEFORE_ALL, SessionOf, utc_session
from bifrost.portfolio.telling import Moment


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """A choice as its caller asked for it.

    order_id, instrument: of an order, or standing: of an instrument, or else the account's.
    security: what the instrument is; the average basis asks for it.
    """

    owner: str
    account_id: str
    order_id: str
    selection: Selection
    correlation_id: str
    instrument: str = ""
    security: Security = Security.STOCK


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
            if not _is_in_force(books, asked):
                self._write(books, asked, self._clock.now())
            return asked.selection

    def _write(self, books: Books, asked: ChoiceRequest, now: datetime) -> None:
        after_fill = books.facts.fills_applied(asked.account_id)
        if asked.instrument:
            method = Method(after_fill, asked.selection.method, _allowing(asked))
            books.methods.keep(asked.account_id, asked.instrument, method, now)
        else:
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
            instrument=asked.instrument,
            security=_allowing(asked),
        )
        session = self._session_of(occurred_at) if is_market_time else BEFORE_ALL
        books.journal.add(asked.account_id, step_of(event, session))
        books.facts.publish(event)


def _is_in_force(books: Books, asked: ChoiceRequest) -> bool:
    if asked.instrument:
        kept = books.methods.of(asked.account_id).get(asked.instrument)
        wanted = (asked.selection.method, _allowing(asked))
        return (kept.method, kept.security) == wanted if kept else wanted[0] is LotMethod.ACCOUNT
    own, standing = books.lots.selections(asked.account_id, asked.order_id)
    return asked.selection == (own if asked.order_id else Selection(standing))


def _allowing(asked: ChoiceRequest) -> str:
    is_average = asked.selection.method is LotMethod.AVERAGE_COST
    return asked.security.value if is_average else ""


def _check(books: Books, asked: ChoiceRequest) -> None:
    selection = asked.selection
    if selection.method in (LotMethod.AVERAGE_COST, LotMethod.ACCOUNT) and not asked.instrument:
        fix = "name the instrument; an order or an account chooses another method"
        raise InvalidInputError(FieldProblem("method", "is of one instrument", fix))
    why = average_refused(asked.security)
    if selection.method is LotMethod.AVERAGE_COST and why:
        fix = "say security fund or reinvestment_plan where it is one, or choose another method"
        raise InvalidInputError(FieldProblem("method", why, fix))
    if asked.instrument:
        if not books.instruments.known((asked.instrument,)):
            fix = "send a symbol of `GET /v1/instruments`"
            raise InvalidInputError(
                FieldProblem("instrument", f"{asked.instrument} is not listed", fix)
            )
        _check_leaving_average(books, asked)
    if (selection.method is LotMethod.SPECIFIC) != bool(selection.parts):
        fix = "send method specific with the lots, or another method without"
        raise InvalidInputError(FieldProblem("lots", f"do not go with {selection.method}", fix))
    if selection.method is LotMethod.SPECIFIC and not asked.order_id:
        fix = "name lots with an order; an account has a standing method"
        raise InvalidInputError(FieldProblem("method", "names lots for no order", fix))
    if asked.order_id and books.lots.is_filling(asked.account_id, asked.order_id):
        raise ConflictError(f"a fill of order {asked.order_id} has closed its lots already")
    _check_named(books, asked)


def _check_leaving_average(books: Books, asked: ChoiceRequest) -> None:
    """Refuse to leave the average basis while some shares have it and later ones do not yet.

    Left before its first sale it never was; later each share keeps the basis that it has (Treas.
    Reg. 1.1012-1(e)(9)(iii) and (iv)), which must be the average of all.
    """
    account_id, instrument = asked.account_id, asked.instrument
    kept = books.methods.of(account_id).get(instrument)
    if kept is None or kept.method is not LotMethod.AVERAGE_COST:
        return
    if asked.selection.method is LotMethod.AVERAGE_COST:
        return
    lots = [one for one in books.lots.open_lots(account_id, instrument) if one.quantity > 0]
    own = [one for one in lots if one.sequence > 0]
    if not is_averaged(own) and books.methods.has_averaged(account_id, instrument):
        message = (
            f"some {instrument} was bought since the last sale at the average basis, and has not"
            " the average yet"
        )
        raise ConflictError(f"{message}: change the method after the next sale")


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
    instruments = {lot.instrument for lot in lots.values()}
    if len(instruments) > 1:
        problems.append(FieldProblem("lots", "are of several instruments", "name one's"))
    for name in sorted(instruments & _averaged(books, asked.account_id)):
        problem = f"{name} has the average basis: its oldest shares are sold"
        problems.append(FieldProblem("lots", problem, "change the instrument's method first"))
    if problems:
        raise InvalidInputError(*problems)


def _averaged(books: Books, account_id: str) -> set[str]:
    methods = books.methods.of(account_id)
    return {name for name, one in methods.items() if one.method is LotMethod.AVERAGE_COST}
