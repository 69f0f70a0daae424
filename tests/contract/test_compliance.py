"""Compliance judges by the book of the order's date, logs once, and nothing rewrites the log."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import psycopg
import pytest

from bifrost.adapters.postgres.compliance import (
    PostgresDecisionLog,
    PostgresDockets,
    PostgresOwnerBook,
)
from bifrost.adapters.postgres.compliance_restricted import PostgresRestrictedList
from bifrost.adapters.postgres.database import Database
from bifrost.compliance import service
from bifrost.compliance.ports import Entry, Restriction
from bifrost.core.decisions import Decision
from bifrost.core.errors import NotFoundError
from bifrost.core.orders import OrderIntent
from tests.builders import OWNER, account_opened, buy
from tests.contract.backbone import all_at_once

MakeDatabase = Callable[[str], Database]


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    return make_database("compliance")


def judge(database: Database, order: OrderIntent) -> Decision:
    return service.check_order(PostgresDockets(database), order)


def restrict(
    database: Database, since: str, until: str | None = None, account_id: str | None = None
) -> Entry:
    wanted = Restriction(
        instrument="AAPL",
        account_id=account_id,
        effective_from=date.fromisoformat(since),
        effective_until=None if until is None else date.fromisoformat(until),
        reason="research pending",
    )
    return PostgresRestrictedList(database).put(wanted, "officer")


def on(day: str, key: str) -> OrderIntent:
    return buy("1", key=key, occurred_at=datetime.fromisoformat(f"{day}T21:00:00+00:00"))


def accepted_on(database: Database, *days: str) -> list[bool]:
    return [judge(database, on(day, day)).accepted for day in days]


def test_an_order_is_judged_by_the_list_of_its_own_date(database: Database) -> None:
    restrict(database, "2012-02-01", "2012-03-01")

    days = ("2012-01-31", "2012-02-01", "2012-02-29", "2012-03-01")
    assert accepted_on(database, *days) == [True, False, False, True]


def test_a_refusal_names_the_instrument_and_not_the_confidential_reason(
    database: Database,
) -> None:
    restrict(database, "2012-01-01")

    (reason,) = judge(database, buy("1")).reasons
    assert (reason.rule, reason.subject) == ("restricted_list", "AAPL")


def test_a_restriction_of_one_account_binds_no_other(database: Database) -> None:
    PostgresOwnerBook(database).hear(account_opened("account-2"))
    restrict(database, "2012-01-01", account_id="account-2")

    assert judge(database, buy("1")).accepted
    stranger = replace(buy("1", key="other"), account_id="account-2")
    assert not judge(database, stranger).accepted


def test_an_account_that_nobody_opened_cannot_be_restricted(database: Database) -> None:
    with pytest.raises(NotFoundError, match="no account mistyped"):
        restrict(database, "2012-01-01", account_id="mistyped")


def test_the_first_answer_stands_when_the_list_changes(database: Database) -> None:
    order = buy("1")
    assert judge(database, order).accepted

    restrict(database, "2012-01-01")
    assert judge(database, order).accepted
    assert not judge(database, buy("1", key="next")).accepted


def test_the_same_order_judged_eight_times_at_once_is_logged_once(
    database: Database, make_database: MakeDatabase
) -> None:
    order = buy("1")
    desks = [make_database("compliance") for _ in range(8)]

    calls = [lambda desk=desk: judge(desk, order) for desk in desks]
    assert all(decision.accepted for decision in all_at_once(calls))
    assert len(database.fetch_all("SELECT 1 FROM compliance.decisions")) == 1


def test_a_preview_is_judged_the_same_and_logged_nowhere(database: Database) -> None:
    restrict(database, "2012-01-01")

    assert not service.preview(PostgresDockets(database), buy("1")).accepted
    assert database.fetch_all("SELECT 1 FROM compliance.decisions") == []


def test_the_log_keeps_rule_version_effective_date_and_input_hash(database: Database) -> None:
    PostgresOwnerBook(database).hear(account_opened())
    order = buy("1")
    judge(database, order)

    (logged,) = PostgresDecisionLog(database).of_order(order.order_id, OWNER)
    (rule,) = logged.rules
    assert (rule["rule_id"], rule["version"]) == ("restricted_list", 1)
    assert rule["effective_from"] == "1900-01-01"
    assert (len(logged.input_hash), logged.code_version) == (64, "compliance.rulebook/1")
    assert logged.occurred_at == datetime(2012, 1, 3, 21, tzinfo=UTC)


def test_a_decision_is_shown_to_its_owner_alone(database: Database) -> None:
    PostgresOwnerBook(database).hear(account_opened())
    PostgresOwnerBook(database).hear(account_opened())
    judge(database, buy("1"))

    log = PostgresDecisionLog(database)
    assert len(log.of_order(buy("1").order_id, OWNER)) == 1
    assert log.of_order(buy("1").order_id, "owner-2") == []


@pytest.mark.parametrize("change", ["UPDATE {} SET accepted = true", "DELETE FROM {}"])
def test_compliance_itself_may_not_change_the_log(database: Database, change: str) -> None:
    judge(database, buy("1"))

    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as cursor:
        cursor.execute(change.format("compliance.decisions"))


@pytest.mark.parametrize("table", ["compliance.decisions", "compliance.rules"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET recorded_at = now()", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_not_even_the_tables_owner_changes_the_log_or_the_rules(
    database: Database, database_url: Callable[[str], str], table: str, change: str
) -> None:
    judge(database, buy("1"))

    owner = database_url("compliance").replace("bifrost_compliance", "postgres")
    with (
        psycopg.connect(owner) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        connection.execute(change.format(table).encode())


def dates(entries: list[Entry]) -> list[tuple[str, str | None]]:
    return [
        (
            entry.restriction.effective_from.isoformat(),
            None if (end := entry.restriction.effective_until) is None else end.isoformat(),
        )
        for entry in entries
    ]


def listed_on(database: Database, day: str) -> list[tuple[str, str | None]]:
    return dates(PostgresRestrictedList(database).in_force(date.fromisoformat(day)))


def test_the_same_restriction_put_twice_is_one_row(database: Database) -> None:
    first = restrict(database, "2012-01-01")

    assert restrict(database, "2012-01-01") == first


def test_a_new_restriction_takes_over_on_its_date_and_keeps_the_past(database: Database) -> None:
    restrict(database, "2012-01-01")
    restrict(database, "2012-02-01", "2012-03-01")

    assert listed_on(database, "2012-01-31") == [("2012-01-01", "2012-02-01")]
    assert listed_on(database, "2012-02-01") == [("2012-02-01", "2012-03-01")]
    assert listed_on(database, "2012-03-01") == []


def test_an_ended_restriction_stays_on_record(database: Database) -> None:
    restrict(database, "2012-01-01")
    book = PostgresRestrictedList(database)

    ended = book.end("AAPL", None, date(2012, 2, 1), "officer-2")
    assert ended.ended_by == "officer-2"
    assert listed_on(database, "2012-01-31") == [("2012-01-01", "2012-02-01")]
    assert listed_on(database, "2012-02-01") == []


def test_what_is_not_restricted_cannot_be_ended(database: Database) -> None:
    restrict(database, "2012-01-01", "2012-02-01")

    with pytest.raises(NotFoundError, match="AAPL is not restricted"):
        PostgresRestrictedList(database).end("AAPL", None, date(2012, 2, 1), "officer")


def test_a_row_of_the_restricted_list_cannot_be_deleted(database: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as cursor:
        cursor.execute("DELETE FROM compliance.restricted_list")
