"""A vendor's keys are shown to nobody: not by what holds them, nor by what holds that."""

import logging

import pytest

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.memory.vendor_states import MemoryVendorStates
from bifrost.adapters.vendors.alpaca import AlpacaAccess
from bifrost.adapters.vendors.alpaca_stream import StreamAccess
from bifrost.adapters.vendors.massive import MassiveAccess
from bifrost.adapters.vendors.registry import Vendors, VendorSettings
from bifrost.adapters.vendors.settings import NAMES, vendor_settings
from bifrost.core.codec import to_json

SECRETS = ("id-of-alpaca", "key-of-alpaca", "key-of-massive")
KEY_ID, SECRET_KEY, API_KEY = SECRETS
SETTINGS = VendorSettings(
    alpaca_key_id=KEY_ID, alpaca_secret_key=SECRET_KEY, massive_api_key=API_KEY
)


@pytest.mark.parametrize(
    "holder",
    [
        SETTINGS,
        AlpacaAccess(KEY_ID, SECRET_KEY),
        StreamAccess(KEY_ID, SECRET_KEY),
        MassiveAccess(API_KEY),
        Vendors(SETTINGS, MemoryVendorStates(), SystemClock()),
        Vendors(SETTINGS, MemoryVendorStates(), SystemClock()).named("alpaca"),
        Vendors(SETTINGS, MemoryVendorStates(), SystemClock()).named("massive"),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_what_holds_a_vendor_s_keys_does_not_show_them(
    holder: object, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("test").warning("%r %s", holder, f"{holder}")

    shown = repr(holder) + str(holder) + caplog.text

    assert not [secret for secret in SECRETS if secret in shown]


def test_the_names_that_hold_secrets_are_those_tested_here() -> None:
    secret = {name for name, one in NAMES.items() if not one.repr}

    assert secret == {"ALPACA_KEY_ID", "ALPACA_SECRET_KEY", "MASSIVE_API_KEY"}
    assert set(to_json(SETTINGS).values()) >= set(SECRETS)


def test_settings_that_cannot_be_read_do_not_tell_their_values() -> None:
    with pytest.raises(Exception, match="ALPACA_KEYID") as refused:
        vendor_settings('{"ALPACA_KEYID": "id-of-alpaca", "MASSIVE_API_KEY": "key-of-massive"}')

    assert not [secret for secret in SECRETS if secret in str(refused.value)]
