"""A history written as a few words a row, and what the matcher makes of it."""

from datetime import date
from decimal import Decimal

from bifrost.core.orders import Side
from bifrost.portfolio.accounts import AccountKind
from bifrost.portfolio.tax.elections import Couple, Elections, LotOrder
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.policy import Policy
from bifrost.portfolio.tax.statement import Statement, statement
from bifrost.portfolio.tax.wash_sales import wash_sales

OPTION = "XYZ   160115C00010000"
PUT = "XYZ   160115P00010000"
OTHER_CALL = "XYZ160219C00012000"


def trades(*rows: str) -> list[Trade]:
    """Each row: `2014-01-09 sell 100 4000 [instrument] [owner.account.kind]`."""
    return [_trade(line, row.split()) for line, row in enumerate(rows, start=2)]


def told(
    *rows: str,
    method: LotOrder = LotOrder.FIFO,
    spouses: tuple[Couple, ...] = (),
    policy: dict[str, str] | None = None,
) -> Statement:
    """Compute the statement of such rows."""
    history = trades(*rows)
    elections = Elections(method, spouses, Policy(policy or {}))
    return statement(history, wash_sales(history, elections))


def losses(statement: Statement, sale: int = -1) -> tuple[str, str, str]:
    """Return what of a sale's loss is allowed, put off and gone; of the last one by default."""
    line = statement.sales[sale]
    return (f"{line.allowed_loss:f}", f"{line.disallowed_loss:f}", f"{line.forfeited_loss:f}")


def lots(statement: Statement) -> list[tuple[str, str]]:
    """Return quantity and basis of each lot that is left."""
    return [(f"{one.quantity:f}", f"{one.basis:f}") for one in statement.lots]


def _trade(line: int, words: list[str]) -> Trade:
    on, side, quantity, amount = words[:4]
    rest = words[4:]
    place = next((word for word in rest if "." in word), "al.main.cash").split(".")
    symbols = [word for word in rest if "." not in word]
    return Trade(
        line=line,
        on=date.fromisoformat(on),
        owner=place[0],
        account=place[1],
        kind=AccountKind(place[2]),
        instrument=" ".join(symbols) or "XYZ",
        side=Side(side),
        quantity=Decimal(quantity),
        amount=Decimal(amount),
    )
