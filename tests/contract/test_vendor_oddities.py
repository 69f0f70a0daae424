"""What each vendor alone does, and what its client makes of it: told, and never taken for data."""

import json
from typing import Any

import numpy as np
import pytest

from bifrost.data.providers.answers import Failed, Found, Partial, RateLimited
from bifrost.data.series.timeframes import Timeframe
from tests.contract.vendor_desk import SHARE, truth, vendor_desk
from tests.twins.massive import one_bar_short
from tests.twins.server import WELL, renamed, status
from tests.twins.yahoo import zone

pytestmark = pytest.mark.usefixtures("three_tries")


def test_a_page_of_massive_with_fewer_bars_than_it_promises_is_not_whole() -> None:
    with vendor_desk("massive") as vendor:
        vendor.twin.always = one_bar_short

        answer = vendor.ask()

        assert isinstance(answer, Failed)
        assert "promised 300 bars and sent 299" in answer.reason


def test_a_next_page_that_was_sent_already_ends_in_a_part() -> None:
    def again(reply: Any, shape: Any) -> Any:
        content = json.loads(reply.body)
        return type(reply)({**content, "next_page_token": "page-300"})

    with vendor_desk("alpaca") as vendor:
        vendor.twin.script(WELL, again)

        answer = vendor.ask()

        assert isinstance(answer, Partial)
        assert "sent already" in answer.reason


def test_yahoos_page_of_words_in_place_of_an_answer_is_a_rate_limit() -> None:
    with vendor_desk("yahoo") as vendor:
        vendor.twin.always = status(200, "<html><body>Too Many Requests</body></html>")

        answer = vendor.ask(Timeframe.D1)

        assert isinstance(answer, RateLimited)


def test_yahoos_chart_of_another_zone_is_refused() -> None:
    with vendor_desk("yahoo") as vendor:
        vendor.twin.always = zone("Europe/London")

        answer = vendor.ask(Timeframe.D1)

        assert isinstance(answer, Failed)
        assert "Europe/London" in answer.reason


def test_yahoo_is_asked_again_for_what_yfinance_would_remember() -> None:
    """yfinance keeps answers about the past, a broken one too, for the life of the process."""
    with vendor_desk("yahoo") as vendor:
        vendor.twin.script(renamed("close"))
        broken, well = vendor.ask(Timeframe.D1), vendor.ask(Timeframe.D1)

        assert isinstance(broken, Failed)
        assert isinstance(well, Found)


def test_yahoos_bars_with_a_null_are_left_out_rather_than_made_zero() -> None:
    def without_a_volume(reply: Any, shape: Any) -> Any:
        content = json.loads(reply.body)
        content["chart"]["result"][0]["indicators"]["quote"][0]["volume"][3] = None
        return type(reply)(content)

    with vendor_desk("yahoo") as vendor:
        vendor.twin.always = without_a_volume

        answer = vendor.ask(Timeframe.D1)

        assert isinstance(answer, Found)
        expected = truth(SHARE, Timeframe.D1)
        assert answer.data.equals(expected.take(np.delete(np.arange(len(expected)), 3)))
