"""A password made afresh never weakens how the server is verified."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from bifrost.adapters.postgres.database import with_fresh_password

ADDRESS = "postgresql://bifrost_risk@proxy.test:6432/bifrost"


@pytest.mark.parametrize(
    ("asked", "sslmode"), [("", "require"), ("?sslmode=verify-full", "verify-full")]
)
def test_the_verification_that_was_asked_for_stands(asked: str, sslmode: str) -> None:
    made = conninfo_to_dict(with_fresh_password(ADDRESS + asked, lambda *_: "secret"))

    assert made["sslmode"] == sslmode


def test_the_password_is_made_for_the_host_port_and_user_of_the_address() -> None:
    made = with_fresh_password(ADDRESS, lambda *who: "/".join(map(str, who)))

    assert conninfo_to_dict(made)["password"] == "proxy.test/6432/bifrost_risk"
