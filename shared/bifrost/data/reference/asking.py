"""A vendor asked for corporate actions, and what it says taken in as its claims.

Only a whole answer takes back what the vendor said before. One that is absent, limited, partial
or failed changes nothing that stands: a rate limit is not a withdrawal.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.sessions import exchange_date
from bifrost.data.files.import_service import ImportService
from bifrost.data.providers.answers import Absent, Answer, Found, Partial
from bifrost.data.providers.ports import ActionProvider
from bifrost.data.providers.told_actions import ActionsTold, LeftOut
from bifrost.data.reference.calling import KeysAlone, Names, calling_of
from bifrost.data.reference.claiming import VendorAnswer

# Some vendors count by the day on which they process an action: near the ends of what was asked
# one may be missing that the vendor still claims.
MARGIN = timedelta(days=10)
AROUND = timedelta(days=31)


class ActionVendors(Protocol):
    """Which vendors this desk may ask."""

    def named(self, name: str) -> ActionProvider:
        """Return one; raise NotFoundError or UnavailableError."""


@dataclass(frozen=True, slots=True)
class ActionsAsked:
    """What came of asking: revisions that are new, and what the vendor told that is not taken.

    problem: why there is no whole answer; empty where there is.
    """

    news: tuple[CorporateAction, ...] = ()
    problem: str = ""
    left_out: tuple[LeftOut, ...] = ()

    def beside(self, other: "ActionsAsked") -> "ActionsAsked":
        """Put together what came of two questions."""
        problems = dict.fromkeys(one for one in (self.problem, other.problem) if one)
        left_out = (*self.left_out, *other.left_out)
        return ActionsAsked((*self.news, *other.news), "; ".join(problems), left_out)


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """Whose actions are asked for, and with which ex-dates; symbol: what the vendor calls it."""

    instrument: str
    symbol: str
    first: date
    last: date


def around(instrument: str, symbol: str, first: datetime, before: datetime) -> ActionRequest:
    """Ask of the days of [first, before), and a month before and after.

    What one session's asking missed the next one's finds, and an action is known ahead.
    """
    days = (exchange_date(first) - AROUND, exchange_date(before) + AROUND)
    return ActionRequest(instrument, symbol, *days)


@dataclass(frozen=True, slots=True)
class ActionAsker:
    """Keeps what vendors say of corporate actions. names: what each was called when."""

    vendors: ActionVendors
    imports: ImportService
    names: Names = field(default_factory=KeysAlone)

    def ask(self, vendor: str, asked: ActionRequest, correlation_id: str) -> ActionsAsked:
        """Ask for the actions of [first, last], and take in the answer; outside a transaction.

        Of days before a change of name it is asked under the symbol of then. What ended an
        instrument takes effect on the first day on which it is not listed, or soon after.

        Raises NotFoundError for a vendor that is none, UnavailableError where it has no key, and
        InvalidInputError for actions that cannot be: of an unlisted instrument, or currency.
        """
        provider = self.vendors.named(vendor)
        now = self.imports.clock.now()
        calling = calling_of(self.names, vendor, asked.instrument, asked.symbol, now)
        calling = replace(calling, past_end=MARGIN)
        whole = ActionsAsked()
        for called, first, last in calling.parts(asked.first, asked.last):
            part = replace(asked, symbol=called.symbol, first=first, last=last)
            if called.symbol:
                whole = whole.beside(self._ask(vendor, provider, part, correlation_id))
            elif called.is_gone:
                whole = whole.beside(ActionsAsked(problem=called.why))
        return whole

    def _ask(
        self, vendor: str, provider: ActionProvider, asked: ActionRequest, correlation_id: str
    ) -> ActionsAsked:
        first, last = asked.first - MARGIN, asked.last + MARGIN
        answer = provider.actions(asked.instrument, asked.symbol, first, last)
        if not isinstance(answer, Found):
            return ActionsAsked(problem=_reason(answer))
        within = _within(answer.data, asked.first, asked.last)
        told = VendorAnswer(
            vendor, asked.instrument, asked.first, asked.last, within.actions, within.left_out
        )
        taken = self.imports.claim(told, correlation_id)
        return ActionsAsked(taken.news, left_out=taken.left_out)


def _within(told: ActionsTold, first: date, last: date) -> ActionsTold:
    return ActionsTold(
        tuple(one for one in told.actions if first <= one.ex_date <= last),
        tuple(one for one in told.left_out if first <= one.on <= last),
    )


def _reason(answer: Answer[ActionsTold]) -> str:
    if isinstance(answer, Absent | Partial):
        return f"{type(answer).__name__.lower()}: {answer.reason}"
    return "" if isinstance(answer, Found) else answer.reason
