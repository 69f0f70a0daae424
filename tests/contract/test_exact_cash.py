"""One fill, to the last digit, is the same cash at the venue, in risk and in the portfolio."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk_accounts import PostgresAccounts
from bifrost.backtest.matching import Terms
from bifrost.core.orders import Side
from bifrost.events import FillRecorded
from tests.builders import account_opened, cash_deposited, instrument_listed
from tests.contract.ledger_desk import LedgerDesk
from tests.execution_desk import TradingDesk
from tests.unit.risk import facts

QUANTITY, PRICE = Decimal("1234567.12345678"), Decimal("123456789.12345678")
COMMISSION_PER_SHARE = Decimal("0.00351234")
CASH = Decimal("200000000000000.01")


def trade(make_database: Callable[[str], Database], account: str) -> TradingDesk:
    """Buy at a price nobody expected, and sell half of it again."""
    desk = TradingDesk(make_database)
    finest = Decimal("1E-8")
    listed = instrument_listed(tick_size=finest, lot_size=finest)
    desk.listener.on_instrument_listed(listed)
    desk.listener.on_account_opened(account_opened(account, "ann"))
    desk.venue.transfer(transfer_id="t-1", account_id=account, amount=CASH, currency="USD")
    desk.venue.set_terms(Terms(Decimal(1), COMMISSION_PER_SHARE))
    desk.close(1, "1 1 1 1")
    desk.send("buy", account_id=account, owner="ann", quantity=QUANTITY)
    desk.send("sale", account_id=account, owner="ann", quantity=QUANTITY / 2, side=Side.SELL)
    desk.close(2, " ".join([str(PRICE)] * 4), volume=10**9)
    return desk


def test_fills_of_eight_decimals_move_the_same_cash_in_all_three_books(
    make_database: Callable[[str], Database],
) -> None:
    ledger, risk = LedgerDesk(make_database("portfolio")), make_database("risk")
    account = ledger.open_account()
    ledger.deposit(account, str(CASH), "deposit")
    desk = trade(make_database, account)
    fills = desk.events(FillRecorded)
    facts.hear(risk, account_opened(account, "ann"), cash_deposited(str(CASH), account), *fills)
    for event in fills:
        ledger.service.hear_fill(event)

    bought, sold = (Fraction(event.fill.quantity) * Fraction(PRICE) for event in fills)
    commissions = sum(Fraction(event.fill.commission) for event in fills)
    books = {
        "venue": desk.venue.statement(account).cash,
        "risk": PostgresAccounts(risk).cash_of(account, "ann").cash,
        "portfolio": ledger.worth(account).cash,
    }
    left = Fraction(CASH) - bought + sold - commissions
    assert {name: Fraction(cash) for name, cash in books.items()} == dict.fromkeys(books, left)
    notionals = [desk.order(event.fill.order_id).filled_notional for event in fills]
    assert [Fraction(notional) for notional in notionals] == [bought, sold]
