"""The secret of the vendors' keys: a name that is none is said, and no key is ever shown."""

import pytest

from bifrost.adapters.vendors.alpaca import AlpacaAccess
from bifrost.adapters.vendors.alpaca_stream import StreamAccess
from bifrost.adapters.vendors.massive import MassiveAccess
from bifrost.adapters.vendors.registry import VendorSettings
from bifrost.adapters.vendors.settings import vendor_settings
from bifrost.core.errors import InvalidInputError


def test_nothing_said_is_no_vendor_configured() -> None:
    assert vendor_settings("") == vendor_settings("{}") == VendorSettings()


def test_each_name_is_a_setting_in_capitals() -> None:
    told = '{"ALPACA_KEY_ID": "a", "ALPACA_CALLS_PER_MINUTE": 1000}'

    settings = vendor_settings(told)

    assert (settings.alpaca_key_id, settings.alpaca_calls_per_minute) == ("a", 1000)


def test_a_name_that_is_none_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidInputError) as refused:
        vendor_settings('{"ALPACA_KEY": "a"}')

    (problem,) = refused.value.problems
    assert problem.field == "ALPACA_KEY"
    assert "ALPACA_KEY_ID" in problem.fix


@pytest.mark.parametrize(
    "holder",
    [
        VendorSettings(
            alpaca_key_id="hidden-1", alpaca_secret_key="hidden-2", massive_api_key="hidden-3"
        ),
        AlpacaAccess("hidden-1", "hidden-2"),
        StreamAccess("hidden-1", "hidden-2"),
        MassiveAccess("hidden-3"),
    ],
)
def test_what_holds_keys_shows_none_in_a_log_or_a_traceback(holder: object) -> None:
    assert "hidden" not in f"{holder} {holder!r}"
