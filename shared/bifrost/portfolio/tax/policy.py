"""Where authorities differ on §1091, or the law changed: dated rows with their source.

What has no switch, and why: a purchase before the sale whose shares are gone when the loss is
taken replaces nothing, for §1091(d) has no basis left to adjust; shares bought to close a short
are delivered with it and replace nothing; a sale inside an IRA is no taxable sale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bifrost.core.errors import FieldProblem, InvalidInputError

WASH_DAYS = 30  # before and after the sale; its own day makes 61


@dataclass(frozen=True, slots=True)
class Switch:
    """One row: a reading that holds for losses from a date on, until a later row of its name."""

    name: str
    value: str
    effective_from: date
    source: str


_ALWAYS = date.min

SWITCHES = (
    Switch(
        "rest_of_purchase",
        "ignore",
        _ALWAYS,
        "Rev. Rul. 56-602, 1956-2 C.B. 527: what is left of the one purchase that was sold from is"
        " no replacement, for such a sale only reduces the holding",
    ),
    Switch(
        "earlier_purchases",
        "count",
        _ALWAYS,
        "§1091(a) and Reg. 1.1091-1(a) by the letter: any purchase in the 61 days. `ignore` is the"
        " reading that shares bought before those sold cannot replace them (L. Silver; K. Thomas'"
        " comments on Notice 2009-17), as Rev. Rul. 56-602 reasons of one purchase",
    ),
    Switch(
        "option_losses",
        "allow",
        _ALWAYS,
        "before TAMRA 1988 (Pub. L. 100-647, §5075) an option was no stock or security here",
    ),
    Switch(
        "option_losses",
        "same_contract",
        date(1988, 11, 11),
        "§1091(a), last sentence: options are securities. `underlying` also lets the stock, or"
        " another call on it, replace a call",
    ),
    Switch(
        "short_losses",
        "allow",
        _ALWAYS,
        "§1091(e) came with the Deficit Reduction Act of 1984",
    ),
    Switch(
        "short_losses",
        "wash",
        date(1984, 7, 19),
        "§1091(e): a loss on closing a short, where the same was sold or sold short in the 61 days",
    ),
    Switch(
        "predecessors",
        "identical",
        _ALWAYS,
        "IRS Pub. 550, Substantially identical: in a reorganization the stocks of the predecessor"
        " and successor corporations may be. `distinct` judges shares by the corporation whose"
        " they were when traded, for ordinarily stocks of two corporations are not",
    ),
)

VALUES: Mapping[str, tuple[str, ...]] = {
    "rest_of_purchase": ("ignore", "count"),
    "earlier_purchases": ("count", "ignore"),
    "option_losses": ("same_contract", "underlying", "allow"),
    "short_losses": ("wash", "allow"),
    "predecessors": ("identical", "distinct"),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """The rows above, but for what the taxpayer chose otherwise, for every date."""

    chosen: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.chosen.items():
            if value not in VALUES.get(name, ()):
                known = "; ".join(f"{one}={'|'.join(VALUES[one])}" for one in VALUES)
                raise InvalidInputError(
                    FieldProblem("policy", f"{name}={value} is unknown", f"choose from {known}")
                )

    def value(self, name: str, on: date) -> str:
        """Return the reading of a loss taken on a date."""
        if name in self.chosen:
            return self.chosen[name]
        rows = [row for row in SWITCHES if row.name == name and row.effective_from <= on]
        return max(rows, key=lambda row: row.effective_from).value
