"""A split, a spin-off, a merger and a rename of what is held, each with an order open: at the desk.

Then the vendor takes all of them back, and announces them again: positions, cost, orders and what
the venue says are each time what they would be had nothing else ever been announced.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bifrost.local.api import wait_for
from bifrost.local.aws import client
from bifrost.local.desk import portfolio_of, replay
from tests.live_desk import LiveDesk, an_order, new_key

Json = dict[str, Any]

# What closes at what before the ex-date, and from it on; None where nothing trades any more.
PRICES = {
    "SPLT": ("400", "100"),
    "SPIN": ("400", "320"),
    "KIDS": ("300", "320"),
    "MERG": ("400", None),
    "ACQR": ("800", "800"),
    "RENM": ("400", None),
    "NEWN": ("400", "400"),
}
HELD = ("SPLT", "SPIN", "MERG", "RENM")
BEFORE = dict.fromkeys(HELD, ("10", "4000"))
AFTER = {
    "SPLT": ("40", "4000"),
    "SPIN": ("10", "3200"),
    "KIDS": ("2.5", "800"),
    "ACQR": ("5", "4000"),
    "NEWN": ("10", "4000"),
}
TERMS = {
    "SPLT": "split,SPLT,USD,{day},{withdrawn},4,1,,,,",
    "SPIN": "spin_off,SPIN,USD,{day},{withdrawn},,,0.25,KIDS,0.2,320",
    "MERG": "merger,MERG,USD,{day},{withdrawn},,,0.5,ACQR,,",
    "RENM": "rename,RENM,USD,{day},{withdrawn},,,,NEWN,,",
}
HEADER = (
    "action_id,vendor,revision,kind,instrument,currency,ex_date,withdrawn,new_shares,old_shares,"
    "shares_per_share,new_instrument,basis_share,share_value"
)


class Issuers:
    """Four companies, held by one account that has an order open on each."""

    def __init__(self, desk: LiveDesk, folder: Path) -> None:
        self.desk = desk
        self.folder = folder
        self.days = desk.next_sessions(3)
        self.revision = 0
        self._list()
        self._play(self.days[0])
        self.account = desk.account("100000")
        for name in HELD:
            self._place(instrument=name)
        self._play(self.days[1])
        self.orders = {
            name: self._place(instrument=name, side="sell", type="limit", limit_price="430")
            for name in HELD
        }

    def announce(self, *, withdrawn: bool = False) -> None:
        """Send the next revision of all four, and wait until everybody has heard."""
        self.revision += 1
        rows = [
            f"{name}-2012,acme,{self.revision},"
            + terms.format(day=self.days[2], withdrawn="true" if withdrawn else "")
            for name, terms in TERMS.items()
        ]
        file = self.folder / f"actions-{self.revision}.csv"
        file.write_text("\n".join([HEADER, *rows]) + "\n")
        done = self.desk.command_json("actions", "import", str(file))
        assert len(done["added"]) == len(TERMS)
        self.desk.settle()

    def open_the_ex_date(self) -> None:
        """Bring in and play the session on which all four take effect."""
        # Not before they are announced: the gate keeps apart what looks like an unknown split.
        self._put(self._bars(self.days))
        self._play(self.days[2])

    def positions(self) -> dict[str, tuple[str, str]]:
        """What is held: quantity and cost."""
        path = f"/v1/portfolios/{portfolio_of(self.desk.api, self.account)}/positions"
        items = self.desk.api.get(path)["items"]
        return {one["instrument"]: (plain(one["quantity"]), plain(one["cost"])) for one in items}

    def taxed(self) -> dict[str, tuple[str, str]]:
        """What the tax report has: quantity and basis; the paper venue takes no commission."""
        found = self.desk.command_json("tax", "wash-sales", "--desk")
        lots = [one for one in found["lots"] if one["account_id"] == self.account]
        return {one["instrument"]: (plain(one["quantity"]), plain(one["basis"])) for one in lots}

    def order(self, name: str) -> Json:
        """The order that was placed on this instrument."""
        return self.desk.order(self.orders[name])

    def terms(self, name: str) -> tuple[str, str, str]:
        """What the order stands for now, if it works."""
        order = self.order(name)
        assert order["status"] == "accepted", order
        return order["instrument"], plain(order["quantity"]), plain(order["limit_price"])

    def agree(self) -> None:
        """Our books balance, equal the venue's, and equal those that the events alone tell."""
        sheet = self.desk.portfolio(self.account)
        assert Decimal(sheet["ledger_imbalance"]) == 0, sheet
        assert self.desk.breaks(self.account) == []
        rebuilt = self.desk.command_json("rebuild", "--account", self.account)
        assert [one["agrees"] for one in rebuilt["items"]] == [True], rebuilt

    def _place(self, **changes: str) -> str:
        body = an_order(self.account, **changes)
        answer = self.desk.call("POST", "/v1/orders", key=new_key(), json=body)
        assert answer.status_code == 202, answer.text
        order = self.desk.order(answer.json()["order_id"])
        assert order["status"] == "accepted", order
        return str(order["order_id"])

    def _play(self, day: str) -> None:
        trading = [name for name, closes in PRICES.items() if closes[day == self.days[2]]]
        body = {"instruments": trading, "from": day, "to": day, "speed": "max"}
        replay(self.desk.api, body, new_key(), progress=lambda _line: None)
        self.desk.settle()

    def _list(self) -> None:
        listed = "\n".join(f"{name},XNYS,USD,0.01,1,{name} Corporation" for name in PRICES)
        terms = f"symbol,mic,currency,tick_size,lot_size,name\n{listed}\n"
        self._put({"instruments/issuers.csv": terms} | self._bars(self.days[:2]))

    def _bars(self, days: Sequence[str]) -> dict[str, str]:
        files = {}
        for name, closes in PRICES.items():
            rows = [
                f"{day},{close},{close},{close},{close},10000000"
                for day, close in zip(days, (closes[0], *closes), strict=False)
                if close
            ]
            content = "\n".join(["date,open,high,low,close,volume", *rows])
            files[f"bars/daily/{name}.csv"] = f"{content}\n"
        return files

    def _put(self, files: Mapping[str, str]) -> None:
        state = self.desk.state
        bucket = client("s3", state.endpoint_url)
        for key, text in files.items():
            bucket.put_object(Bucket=state.outputs["DataBucket"], Key=key, Body=text.encode())
        bucket.close()

        def stored() -> bool:
            items = self.desk.api.pages("/v1/instruments", 1000)
            bars = {f"bars/daily/{one['symbol']}.csv": one["bars"] for one in items}
            return all(
                bars.get(key) == len(text.splitlines()) - 1
                for key, text in files.items()
                if key.startswith("bars/")
            )

        wait_for("the issuers' bars", stored, seconds=60)


def plain(number: str) -> str:
    """A decimal without zeros that say nothing."""
    return f"{Decimal(number).normalize():f}"


@pytest.fixture(scope="module")
def issuers(live_desk: LiveDesk, tmp_path_factory: pytest.TempPathFactory) -> Issuers:
    live_desk.ensure_up()
    live_desk.price()
    return Issuers(live_desk, tmp_path_factory.mktemp("actions"))


def test_actions_take_effect_on_their_ex_date_are_undone_and_redone(issuers: Issuers) -> None:
    issuers.announce()
    assert issuers.positions() == BEFORE
    assert issuers.terms("SPLT") == ("SPLT", "10", "430")

    issuers.open_the_ex_date()
    changed(issuers)

    issuers.announce(withdrawn=True)
    assert issuers.positions() == issuers.taxed() == BEFORE
    assert issuers.terms("SPLT") == ("SPLT", "10", "430")
    assert issuers.terms("RENM") == ("RENM", "10", "430")
    issuers.agree()

    issuers.announce()
    changed(issuers)


def changed(issuers: Issuers) -> None:
    """All four stand: in the position, its cost, the order, the P&L and at the venue."""
    assert issuers.positions() == issuers.taxed() == AFTER
    assert issuers.terms("SPLT") == ("SPLT", "40", "107.5")
    assert issuers.terms("SPIN") == ("SPIN", "10", "430")
    assert issuers.terms("RENM") == ("NEWN", "10", "430")
    merged = issuers.order("MERG")
    assert merged["status"] == "cancelled"
    assert "merger" in str(merged["steps"])
    # KIDS: 2.5 at 320 for 800; all others are worth what they cost.
    sheet = issuers.desk.portfolio(issuers.account)
    assert Decimal(sheet["unrealised_pnl"]) == 0, sheet
    assert Decimal(sheet["realised_pnl"]) == 0, sheet
    issuers.agree()
