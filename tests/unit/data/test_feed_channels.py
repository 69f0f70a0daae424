"""What a client of the feed may ask: a channel's name comes back as it was, and what is none says
what would be one.
"""

from typing import Any

import pytest

from bifrost.core.errors import InvalidInputError
from bifrost.data.streaming.channels import CHANNELS_MAX, Channel, Kind, asked_of, channel_of


@pytest.mark.parametrize(
    "name", ["bars:AAPL:1d", "bars:BRK.B:1m", "bars:FB.1:15m", "quotes:AAPL", "trades:BRK.B"]
)
def test_a_channel_is_called_as_it_was_asked_for(name: str) -> None:
    assert channel_of(name).name == name


def test_a_channel_says_of_what_it_tells() -> None:
    assert channel_of("bars:BRK.B:5m") == Channel(Kind.BARS, "BRK.B", "5m")
    assert channel_of("quotes:IBM") == Channel(Kind.QUOTES, "IBM")


@pytest.mark.parametrize(
    "name", ["bars:AAPL", "bars:AAPL:2m", "quotes:AAPL:1m", "AAPL", "", "bars:a b:1m", None, 7]
)
def test_what_is_no_channel_is_refused_with_what_would_be(name: Any) -> None:
    with pytest.raises(InvalidInputError, match="no channel") as refused:
        channel_of(name)

    assert "bars:<instrument>" in refused.value.problems[0].fix


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"channels": []},
        {"channels": "bars:AAPL:1d"},
        {"channels": ["quotes:AAPL"] * (CHANNELS_MAX + 1)},
        {"channels": ["quotes:AAPL"], "after": -1},
        {"channels": ["quotes:AAPL"], "after": True},
        {"channels": ["quotes:AAPL"], "after": 2**63},
        {"channels": ["quotes:AAPL"], "afer": 7},
    ],
)
def test_a_request_that_cannot_be_read_names_what_is_wrong(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        asked_of({"action": "subscribe", **body})


def test_a_channel_asked_for_twice_is_one() -> None:
    body = {"action": "subscribe", "channels": ["quotes:AAPL", "quotes:AAPL"], "after": 7}

    asked = asked_of(body)

    assert (len(asked.channels), asked.after) == (1, 7)
