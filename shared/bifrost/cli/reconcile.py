"""Our books against the venue's, and against a statement where there is one."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bifrost.cli.inputs import option
from bifrost.cli.output import REFUSED, AsJson, show_json, show_table

if TYPE_CHECKING:
    from bifrost.local.api import Api
    from bifrost.portfolio.statement_file import Key

_COLUMNS = ("account_id", "book", "kind", "subject", "ours", "theirs", "cause", "age", "owner")
_THREE_COLUMNS = (
    "account_id", "kind", "subject", "ledger", "venue", "statement", "cause", "age", "owner",
)  # fmt: skip

_REFUSED_COLUMNS = ("account_id", "action_id", "revision", "instrument", "reason")


def reconcile(
    account: Annotated[str | None, option(says="One account; all of yours by default.")] = None,
    statement: Annotated[
        str | None, option(says="A statement's CSV to compare too: kind,subject,amount.")
    ] = None,
    as_of: Annotated[
        str | None, option("--as-of", says="The statement's day, YYYY-MM-DD; today by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare your accounts with the venue now; show every break and what no book could follow.

    Each has its cause, its age and who has to act. With a statement (of one account) ledger,
    venue and statement are compared three ways; it is kept, and later comparisons of the account
    use it until a newer one comes. Corporate actions that an account's books refused are shown
    with what to do. Ends with 0 where all agree and 3 where not.

    Example: bifrost reconcile --json
    """
    day = _day(as_of)
    if day is not None and statement is None:
        raise typer.BadParameter("it is a statement's day: name one", param_hint="--as-of")
    said = None if statement is None else _statement(statement)
    from bifrost.adapters.clock import SystemClock
    from bifrost.cli.session import ACCOUNTS_MAX, connect, the_account

    api = connect()
    now = SystemClock().now()
    if said is not None:
        accounts = [the_account(api, account)]
        _keep(api, accounts[0], day or now.date(), said)
    elif account is not None:
        accounts = [account]
    else:
        accounts = [str(one["account_id"]) for one in api.pages("/v1/accounts", ACCOUNTS_MAX)]
    breaks = [row for one in accounts for row in _breaks(api, one, now)]
    refused = [row for one in accounts for row in _refused(api, one)]
    shown: dict[str, Any] = {
        "accounts": len(accounts),
        "as_of": now.isoformat(),
        "breaks": breaks,
        "refused_actions": refused,
    }
    if said is not None:
        current = day is None or day >= now.date()
        shown["three_ways"] = (
            _three_ways(api, accounts[0], breaks, said) if current else _three_ways_then(breaks)
        )
    _show(shown, as_json)


def _show(shown: dict[str, Any], as_json: bool) -> None:
    three_ways = shown.get("three_ways")
    if as_json:
        show_json(shown)
    else:
        empty = f"no break in {shown['accounts']} accounts"
        show_table(shown["breaks"], _COLUMNS, empty=empty)
        if shown["refused_actions"]:
            print()
            show_table(shown["refused_actions"], _REFUSED_COLUMNS, empty="")
        if three_ways is not None:
            print()
            show_table(three_ways, _THREE_COLUMNS, empty="ledger, venue and statement agree")
    if shown["breaks"] or shown["refused_actions"] or three_ways:
        raise typer.Exit(REFUSED)


def _keep(api: "Api", account_id: str, day: date, said: "dict[Key, Decimal]") -> None:
    """Store the statement, unless it is the one that stands."""
    from bifrost.adapters.ids import RandomIds

    path = f"/v1/accounts/{account_id}"
    standing = api.get(f"{path}/reconciliation")["statement"]
    if standing is not None and standing["as_of"] == day.isoformat():
        rows = standing["rows"]
        if said == {(one["kind"], one["subject"]): Decimal(one["amount"]) for one in rows}:
            return
    lines = [
        {"kind": kind, "subject": subject, "amount": f"{amount:f}"}
        for (kind, subject), amount in said.items()
    ]
    body = {"as_of": day.isoformat(), "rows": lines}
    api.post(f"{path}/statements", body, key=RandomIds().new())


def _breaks(api: "Api", account_id: str, now: datetime) -> list[dict[str, Any]]:
    found = api.post("/v1/reconciliations", {"account_id": account_id})["breaks"]
    return [_row(account_id, one, now) for one in found]


def _refused(api: "Api", account_id: str) -> list[dict[str, Any]]:
    found = api.get(f"/v1/accounts/{account_id}/reconciliation")["refused_actions"]
    return [{"account_id": account_id, **one} for one in found]


def _row(account_id: str, one: dict[str, Any], now: datetime) -> dict[str, Any]:
    first_seen = datetime.fromisoformat(one["first_seen"])
    seconds = max(int((now - first_seen).total_seconds()), 0)
    return {
        "account_id": account_id,
        **{name: one[name] for name in ("book", "kind", "subject", "ours", "theirs")},
        "cause": one["cause"],
        "first_seen": one["first_seen"],
        "age_seconds": seconds,
        "age": _age(seconds),
        "owner": one["owner"],
        "detail": one["detail"],
        "venue": one["venue"],
    }


def _age(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    from bifrost.core.written import day_of

    day = day_of(text)
    if day is None:
        raise typer.BadParameter(f"{text!r} is no date: write YYYY-MM-DD", param_hint="--as-of")
    return day


def _statement(file: str) -> "dict[Key, Decimal]":
    from bifrost.cli.import_parts import text_of
    from bifrost.core.errors import InvalidInputError
    from bifrost.portfolio.statement_file import read_statement

    found = read_statement(text_of(file))
    if found.problems:
        raise InvalidInputError(*(one.to_field() for one in found.problems))
    return dict(found.said)


def _three_ways(
    api: "Api", account_id: str, breaks: list[dict[str, Any]], said: "dict[Key, Decimal]"
) -> list[dict[str, Any]]:
    from bifrost.portfolio.statement_file import compare_three_ways

    account = api.get(f"/v1/accounts/{account_id}")
    portfolio = f"/v1/portfolios/{account['portfolio_id']}"
    ladders = api.get(f"{portfolio}/cash")["items"]
    cash = {("cash", one["currency"]): Decimal(one["total"]) for one in ladders}
    items = api.get(f"{portfolio}/positions")["items"]
    ledger = cash | {("position", one["instrument"]): Decimal(one["quantity"]) for one in items}
    ours = {(one["kind"], one["subject"]): one for one in breaks if one["book"] == "portfolio"}
    is_pending = any(one["kind"] == "pending" for one in ours.values())
    theirs = {key: Decimal(ours[key]["theirs"]) for key in ours if key[0] in ("cash", "position")}
    # What the venue does not say differently it says like our ledger: that is what was compared.
    # Of cash in another currency it keeps none and says nothing.
    own = ("cash", account["currency"])
    compared = {key: ledger[key] if key[0] != "cash" or key == own else None for key in ledger}
    venue = None if is_pending else {**compared, **theirs}
    rows = []
    for one in compare_three_ways(ledger, venue, said):
        known = ours.get((one.kind, one.subject))
        rows.append(
            {
                "account_id": account_id,
                "kind": one.kind,
                "subject": one.subject,
                "ledger": f"{one.ledger:f}",
                "venue": None if one.venue is None else f"{one.venue:f}",
                "statement": f"{one.statement:f}",
                "cause": known["cause"] if known else "statement_differs",
                "age_seconds": known["age_seconds"] if known else 0,
                "age": known["age"] if known else "0 s",
                "owner": known["owner"] if known else "account",
            }
        )
    return rows


def _three_ways_then(breaks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a statement of an earlier day was found to say differently."""
    rows = []
    for one in breaks:
        if one["kind"] == "statement":
            kind, _, subject = one["subject"].partition(":")
            known = {name: one[name] for name in ("account_id", "cause", "age_seconds", "age")}
            rows.append(
                {
                    **known,
                    "kind": kind,
                    "subject": subject,
                    "ledger": one["ours"],
                    "venue": one["venue"],
                    "statement": one["theirs"],
                    "owner": one["owner"],
                }
            )
    return rows
