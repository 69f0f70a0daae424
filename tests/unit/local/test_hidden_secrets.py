"""Secrets are shown by nothing that holds them: a repr ends in logs and in error reports."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bifrost.adapters.aws.signing import Credentials
from bifrost.local.stack import StackState
from bifrost.local.users import Login
from bifrost.runtime.environment import FunctionEnvironment

SECRETS = {
    "secret_key",
    "password",
    "token",
    "session_token",
    "database_url",
    "role_passwords",
    "venue_database_url",
}


@pytest.mark.parametrize("holder", [Credentials, FunctionEnvironment, Login, StackState])
def test_no_secret_is_in_the_repr_of_what_holds_it(holder: Any) -> None:
    names = [one.name for one in fields(holder)]
    secret = SECRETS.intersection(names)
    login = Login("e", "p", "c", "u", "hidden")
    known: dict[str, object] = {"home": Path(), "seconds": 0.0, "login": login}

    held = holder(
        **{name: known.get(name, f"the {name}") for name in names} | dict.fromkeys(secret, "hidden")
    )

    assert secret, "a holder without a secret proves nothing"
    assert "hidden" not in repr(held)
