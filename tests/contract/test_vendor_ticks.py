"""Quotes and trades as vendors tell them: every one, in order, at its microsecond; or no answer."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bifrost.data.providers.answers import Absent, Failed, Found, Partial, RateLimited
from bifrost.data.providers.ports import TickProvider, TickRequest
from bifrost.data.series.columns import counted, micros
from bifrost.data.series.ticks import concatenated
from tests.contract.vendor_desk import SHARE, VendorDesk, vendor_desk
from tests.twins.server import WELL, Reply, Shape, empty_200, half_page, too_many

pytestmark = pytest.mark.usefixtures("three_tries")

DAY = TickRequest(
    "ACME", "ACME", datetime(2024, 6, 3, tzinfo=UTC), datetime(2024, 6, 4, tzinfo=UTC)
)


@pytest.fixture(params=["alpaca", "massive"])
def vendor(request: pytest.FixtureRequest) -> Iterator[VendorDesk]:
    with vendor_desk(request.param, page_rows=30) as desk:
        yield desk


def ticks(vendor: VendorDesk) -> TickProvider:
    """Return the vendor's client as what it sells here."""
    provider: Any = vendor.data
    found: TickProvider = provider
    return found


def test_every_trade_comes_at_its_time_and_two_of_one_time_are_two(vendor: VendorDesk) -> None:
    answer = ticks(vendor).trades(DAY)

    assert isinstance(answer, Found)
    trades = answer.data
    assert trades.occurred_at.tolist() == [micros(one.at) for one in SHARE.trades]
    assert trades.price.tolist() == counted([float(one.price) for one in SHARE.trades]).tolist()
    assert trades.size.tolist() == counted([one.size for one in SHARE.trades]).tolist()
    assert trades.sequence.tolist()[:4] == [0, 1, 0, 0]
    assert set(trades.venue.tolist()) == {b"IEXG"}
    odd_lots = trades.conditions[trades.size == counted([7.0])[0]]
    assert len(set(odd_lots.tolist())) == 1
    assert odd_lots[0] not in trades.conditions[trades.size == counted([100.0])[0]]


def test_every_quote_comes_with_both_sides(vendor: VendorDesk) -> None:
    answer = ticks(vendor).quotes(DAY)

    assert isinstance(answer, Found)
    quotes = answer.data
    assert quotes.occurred_at.tolist() == [micros(one.at) for one in SHARE.quotes]
    assert np.array_equal(quotes.bid, counted([float(one.bid) for one in SHARE.quotes]))
    assert np.array_equal(quotes.ask, counted([float(one.ask) for one in SHARE.quotes]))
    assert set(quotes.ask_size.tolist()) == set(counted([5.0]).tolist())


def test_a_day_without_trades_and_an_unknown_symbol_are_absent(vendor: VendorDesk) -> None:
    later = timedelta(days=5)

    quiet = ticks(vendor).trades(replace(DAY, first=DAY.first + later, before=DAY.before + later))
    unknown = ticks(vendor).quotes(replace(DAY, symbol="NOBODY"))

    assert isinstance(quiet, Absent)
    assert isinstance(unknown, Absent)


def test_what_a_part_leaves_out_of_its_last_instant_comes_with_the_rest(
    vendor: VendorDesk,
) -> None:
    vendor.twin.page_rows = 21
    whole = ticks(vendor).trades(DAY)
    vendor.forget()
    vendor.twin.script(WELL, *[half_page] * 3)

    part = ticks(vendor).trades(DAY)
    vendor.forget()

    assert isinstance(whole, Found)
    assert isinstance(part, Partial)
    rest = ticks(vendor).trades(replace(DAY, first=part.resume_from))
    assert isinstance(rest, Found)
    joined = concatenated([part.data, rest.data])
    assert all(map(np.array_equal, joined.columns(), whole.data.columns()))


def test_so_many_at_once_and_the_rest_from_there_are_the_whole(vendor: VendorDesk) -> None:
    whole = ticks(vendor).quotes(DAY)
    vendor.forget()

    begun = ticks(vendor).quotes(replace(DAY, most=20))

    assert isinstance(whole, Found)
    assert isinstance(begun, Found)
    assert len(vendor.twin.asked) == 1
    assert begun.until is not None
    rest = ticks(vendor).quotes(replace(DAY, first=begun.until, most=1000))
    assert isinstance(rest, Found)
    assert rest.until is None
    joined = concatenated([begun.data, rest.data])
    assert all(map(np.array_equal, joined.columns(), whole.data.columns()))


def test_a_rate_limit_and_an_empty_200_are_no_quiet_day(vendor: VendorDesk) -> None:
    vendor.twin.always = too_many("120")
    limited = ticks(vendor).trades(DAY)
    vendor.forget()
    vendor.twin.always = empty_200
    empty = ticks(vendor).quotes(DAY)

    assert isinstance(limited, RateLimited)
    assert isinstance(empty, Failed)
    assert empty.retryable


def test_a_price_that_is_a_text_is_another_shape(vendor: VendorDesk) -> None:
    def texts(reply: Reply, shape: Shape) -> Reply:
        return Reply(json.loads(reply.body, parse_float=str))

    vendor.twin.always = texts

    for answer in (ticks(vendor).trades(DAY), ticks(vendor).quotes(DAY)):
        assert isinstance(answer, Failed)
        assert not answer.retryable


def test_trades_of_the_night_are_of_another_time_zone(vendor: VendorDesk) -> None:
    def ten_hours_early(reply: Reply, shape: Shape) -> Reply:
        content = json.loads(reply.body)
        rows = content.get("results") or content["trades"]["ACME"]
        for row in rows:
            if "t" in row:
                row["t"] = (datetime.fromisoformat(row["t"]) + timedelta(hours=-10)).isoformat()
            else:
                row["sip_timestamp"] -= 10 * 3_600_000_000_000
        return Reply(content)

    vendor.twin.page_rows = 10_000
    vendor.twin.always = ten_hours_early

    answer = ticks(vendor).trades(DAY)

    assert isinstance(answer, Failed)
    assert "outside of 4:00 to 20:00" in answer.reason
