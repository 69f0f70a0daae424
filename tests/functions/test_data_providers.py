"""Who asks for providers learns which the desk may ask, and how each stands with all who asked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.vendor_states import PostgresVendorStates
from bifrost.adapters.vendors.calls import NotAnsweredError, Patience, VendorCalls
from bifrost.adapters.vendors.registry import Vendors, VendorSettings
from bifrost.data.providers.answers import Failed
from bifrost.data.providers.limits import Rate
from bifrost.data.providers.vendor_states import Vendor
from functions.data import wiring_ingestion
from tests.data_desk import DataDesk
from tests.functions.data_function import DataFunction

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_each_provider_is_shown_with_its_keys_circuit_calls_and_last_answer(
    make_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    states, clock = PostgresVendorStates(make_database("data")), SetClock(NOW)
    vendors = Vendors(VendorSettings(massive_api_key="key"), states, clock)
    monkeypatch.setattr(wiring_ingestion, "vendors", lambda: vendors)
    function = DataFunction(DataDesk(make_database("data")))
    calls = VendorCalls(Vendor("yahoo", Rate.per_minute(60, 10)), states, clock, Patience(tries=1))

    def fails() -> None:
        raise NotAnsweredError(Failed("yahoo answered 503: busy", retryable=True))

    for _ in range(5):
        with pytest.raises(NotAnsweredError):
            calls.read(fails)
    answer = function.get("/v1/data/providers")

    assert answer.status == 200
    alpaca, massive, yahoo = answer.body["items"]
    assert (alpaca["configured"], alpaca["missing"]) == (
        False,
        ["ALPACA_KEY_ID", "ALPACA_SECRET_KEY"],
    )
    assert (massive["configured"], massive["circuit"], massive["last_answer"]) == (
        True,
        "closed",
        None,
    )
    assert (yahoo["configured"], yahoo["circuit"], yahoo["calls_left"]) == (True, "open", 5)
    assert (yahoo["last_answer"], yahoo["last_reason"]) == ("failed", "yahoo answered 503: busy")
    assert datetime.fromisoformat(yahoo["circuit_since"]) == NOW
    assert NOW - datetime.fromisoformat(yahoo["answered_at"]) == timedelta(0)
