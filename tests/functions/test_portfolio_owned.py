"""What an owner has, over HTTP: account kinds, sub-portfolios and archival; each change names the
version it read, and what is another's is as absent as what never was.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bifrost.adapters.memory.bus import MemoryBus
from bifrost.events import StrategyChanged
from bifrost.runtime import plugs
from tests.builders import account_opened, fill, fill_recorded
from tests.functions.owner import Owner, Tagged
from tests.functions.portfolio_desk import Desk, plugged_desk
from tests.functions.ways_in import plug_in, unplug


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    yield from plugged_desk(monkeypatch, database_url)


@pytest.fixture
def owner(desk: Desk) -> Owner:
    return Owner(desk._handler)


def portfolio(owner: Owner, name: str, **more: str) -> str:
    """Make one; return its id."""
    made = owner.make("/v1/portfolios", {"name": name, **more}, f"make-{name}")
    assert made.status == 201, made.body
    return str(made.body["portfolio_id"])


def slug(answer: Tagged) -> str:
    return str(answer.body["type"].rsplit("/", 1)[1])


@pytest.mark.parametrize("kind", ["cash", "margin", "ira", "roth_ira"])
def test_an_account_of_each_kind_is_opened(owner: Owner, kind: str) -> None:
    opened = owner.make("/v1/accounts", {"name": "A", "kind": kind}, f"open-{kind}")

    assert (opened.status, opened.body["kind"], opened.tag) == (201, kind, '"1"')


def test_a_kind_that_is_none_is_refused_with_a_fix(owner: Owner) -> None:
    opened = owner.make("/v1/accounts", {"name": "A", "kind": "offshore"})

    assert opened.status == 422
    assert opened.body["errors"][0]["field"] == "kind"


@pytest.mark.parametrize("kind", ["margin", "ira", "roth_ira"])
@pytest.mark.parametrize("capability", ["risk", "execution", "compliance"])
def test_every_listener_takes_an_account_of_each_kind(
    monkeypatch: pytest.MonkeyPatch,
    database_url: Callable[[str], str],
    capability: str,
    kind: str,
) -> None:
    monkeypatch.setenv("VENUE_DATABASE_URL", database_url("venue"))
    monkeypatch.setattr("bifrost.adapters.aws.bus.EventBridgeSink", lambda *_: MemoryBus())
    plugs.relay.cache_clear()
    plugs.venue_database.cache_clear()
    function = plug_in(monkeypatch, capability, database_url(capability))

    assert function.deliver(account_opened(kind=kind)) == []

    if plugs.venue_database.cache_info().currsize:
        plugs.venue_database().close()
    plugs.venue_database.cache_clear()
    plugs.relay.cache_clear()
    unplug(capability)


def test_a_renamed_account_has_a_new_tag_and_the_old_one_no_longer_matches(
    desk: Desk, owner: Owner
) -> None:
    read = owner.get(desk.cash)
    renamed = owner.change("PATCH", desk.cash, {"name": "Other"}, read.tag)
    again = owner.change("PATCH", desk.cash, {"name": "Third"}, read.tag)

    assert (renamed.status, renamed.body["name"], renamed.tag) == (200, "Other", '"2"')
    assert (again.status, slug(again)) == (412, "precondition-failed")
    assert owner.get(desk.cash) == renamed


@pytest.mark.parametrize("tag", ['"7", "1"', "*", ' "1" '])
def test_any_tag_of_a_list_and_a_star_match(desk: Desk, owner: Owner, tag: str) -> None:
    assert owner.change("PATCH", desk.cash, {"name": "Other"}, tag).status == 200


@pytest.mark.parametrize("tag", ['W/"1"', '"one"', '"01"', '"99999999999"', '""'])
def test_what_is_a_tag_and_not_this_one_does_not_match(desk: Desk, owner: Owner, tag: str) -> None:
    assert owner.change("PATCH", desk.cash, {"name": "Other"}, tag).status == 412


@pytest.mark.parametrize("tag", ["1", "", '"1', '"1" "2"', "é", '"1",'])
def test_what_is_no_tag_is_refused_with_a_fix(desk: Desk, owner: Owner, tag: str) -> None:
    tried = owner.change("PATCH", desk.cash, {"name": "Other"}, tag)

    assert (tried.status, tried.body["errors"][0]["field"]) == (422, "If-Match")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "{cash}"), ("POST", "{cash}/archive"), ("PATCH", "{books}"),
        ("POST", "{cash}/unarchive"), ("POST", "{books}/unarchive"),
        ("POST", "{books}/archive"), ("PUT", "/v1/watchlists/w"), ("DELETE", "/v1/watchlists/w"),
    ],
)  # fmt: skip
def test_a_change_without_a_tag_is_asked_for_one(
    desk: Desk, owner: Owner, method: str, path: str
) -> None:
    body = {"name": "Other"} if method in {"PATCH", "PUT"} else None

    tried = owner.change(method, path.format(cash=desk.cash, books=desk.books), body, None)

    assert (tried.status, slug(tried)) == (428, "precondition-required")


def test_an_account_with_cash_and_positions_is_not_archived_and_the_answer_names_them(
    desk: Desk, owner: Owner
) -> None:
    desk.post(f"{desk.cash}/deposits", {"amount": "2000"}, "d-1")
    desk.trade(("10", "100"))

    tried = owner.change("POST", f"{desk.cash}/archive")

    assert (tried.status, slug(tried)) == (409, "conflict")
    assert "999 USD in assets:cash, 10 AAPL" in tried.body["detail"]


def test_an_archived_account_is_read_and_nothing_else(desk: Desk, owner: Owner) -> None:
    strategy = portfolio(owner, "S", kind="strategy", parent_id=desk.account["portfolio_id"])

    done = owner.change("POST", f"{desk.cash}/archive", tag='"1"')

    assert (done.status, done.tag) == (200, '"2"')
    assert done.body["archived_at"]
    assert owner.get("/v1/accounts").body["items"] == []
    assert owner.get("/v1/portfolios").body["items"] == []
    assert owner.get("/v1/accounts", archived="true").body["items"] == [done.body]
    assert owner.get(desk.cash).body == done.body
    assert owner.get(desk.books).body["archived_at"]
    assert owner.get(f"/v1/portfolios/{strategy}").body["archived_at"]
    assert owner.change("PATCH", desk.cash, {"name": "Other"}).status == 409
    assert owner.change("PATCH", desk.books, {"name": "Other"}).status == 409
    assert owner.make(f"{desk.cash}/deposits", {"amount": "5"}, "d-9").status == 409


def test_a_portfolio_that_gathers_accounts_is_worth_their_sum(desk: Desk, owner: Owner) -> None:
    second = owner.make("/v1/accounts", {"name": "Roth", "kind": "roth_ira"}, "second").body
    everything = portfolio(owner, "Everything")
    for books in (desk.account["portfolio_id"], second["portfolio_id"]):
        moved = owner.change("PATCH", f"/v1/portfolios/{books}", {"parent_id": everything})
        assert moved.status == 200, moved.body
    desk.post(f"{desk.cash}/deposits", {"amount": "2000"}, "d-1")
    desk.post(f"/v1/accounts/{second['account_id']}/deposits", {"amount": "50"}, "d-1")
    desk.trade(("10", "100"))

    path = f"/v1/portfolios/{everything}"
    shown = owner.get(path).body

    assert (shown["cash"], shown["net_deposits"], shown["account_id"]) == (
        "1049.00",
        "2050.00",
        None,
    )
    assert [one["instrument"] for one in owner.get(f"{path}/positions").body["items"]] == ["AAPL"]
    kinds = [one["kind"] for one in owner.get(f"{path}/ledger").body["items"]]
    assert kinds == ["fill", "deposit", "deposit"]
    assert owner.get(f"{path}/valuations").body["items"] == []


def test_a_ledger_of_several_accounts_comes_in_pages(desk: Desk, owner: Owner) -> None:
    second = owner.make("/v1/accounts", {"name": "Second"}, "second").body
    everything = portfolio(owner, "Everything")
    for number, account in enumerate((desk.account, second) * 2):
        owner.change(
            "PATCH", f"/v1/portfolios/{account['portfolio_id']}", {"parent_id": everything}
        )
        path = f"/v1/accounts/{account['account_id']}/deposits"
        assert owner.make(path, {"amount": "5"}, f"d-{number}").status == 201

    path = f"/v1/portfolios/{everything}/ledger"
    first = owner.get(path, limit="3").body
    rest = owner.get(path, limit="3", cursor=first["next_cursor"]).body

    ids = [one["transaction_id"] for one in (*first["items"], *rest["items"])]
    assert len(ids) == len(set(ids)) == 4
    assert rest["next_cursor"] is None


def test_a_strategy_divides_an_account_and_holds_nothing_yet(desk: Desk, owner: Owner) -> None:
    desk.post(f"{desk.cash}/deposits", {"amount": "2000"}, "d-1")
    strategy = portfolio(owner, "Momentum", kind="strategy", parent_id=desk.account["portfolio_id"])

    shown = owner.get(f"/v1/portfolios/{strategy}").body

    assert (shown["kind"], shown["account_id"]) == ("strategy", desk.account["account_id"])
    assert (shown["equity"], shown["realised_pnl"]) == ("0.00", "0.00")
    assert owner.get(desk.books).body["cash"] == "2000.00"


def test_each_change_of_a_strategy_is_told_with_its_revision(desk: Desk, owner: Owner) -> None:
    path = f"/v1/portfolios/{portfolio(owner, 'All')}"
    strategy = portfolio(owner, "Momentum", kind="strategy", parent_id=desk.account["portfolio_id"])
    owner.change("PATCH", path, {"name": "Everything"})
    owner.change("PATCH", f"/v1/portfolios/{strategy}", {"name": "Carry"})
    owner.change("POST", f"/v1/portfolios/{strategy}/archive")

    told = [one for one in desk.bus.events if isinstance(one, StrategyChanged)]

    assert {(one.strategy_id, one.account_id) for one in told} == {
        (strategy, desk.account["account_id"])
    }
    assert [(one.revision, one.name, one.is_archived) for one in told] == [
        (1, "Momentum", False),
        (2, "Carry", False),
        (3, "Carry", True),
    ]


def test_an_account_comes_back_with_what_went_away_with_it_and_nothing_else(
    desk: Desk, owner: Owner
) -> None:
    own = desk.account["portfolio_id"]
    kept, gone = (portfolio(owner, one, kind="strategy", parent_id=own) for one in ("K", "G"))
    owner.change("POST", f"/v1/portfolios/{gone}/archive")
    owner.change("POST", f"{desk.cash}/archive")

    early = owner.change("POST", f"/v1/portfolios/{kept}/unarchive")
    alone = owner.change("POST", f"{desk.books}/unarchive")
    done = owner.change("POST", f"{desk.cash}/unarchive", tag='"2"')
    again = owner.change("POST", f"{desk.cash}/unarchive")

    assert (early.status, "take that back first" in early.body["detail"]) == (409, True)
    assert (alone.status, "take the account back" in alone.body["detail"]) == (409, True)
    assert (done.status, done.tag, done.body["archived_at"]) == (200, '"3"', None)
    assert (again.status, "is not archived" in again.body["detail"]) == (409, True)
    assert [one["portfolio_id"] for one in owner.get("/v1/portfolios").body["items"]] == [own, kept]
    assert owner.make(f"{desk.cash}/deposits", {"amount": "5"}, "d-9").status == 201


def test_a_strategy_taken_back_is_told_of(desk: Desk, owner: Owner) -> None:
    own = desk.account["portfolio_id"]
    path = f"/v1/portfolios/{portfolio(owner, 'Momentum', kind='strategy', parent_id=own)}"
    owner.change("POST", f"{path}/archive")

    done = owner.change("POST", f"{path}/unarchive")
    again = owner.change("POST", f"{path}/unarchive")

    told = [one for one in desk.bus.events if isinstance(one, StrategyChanged)]
    assert (done.status, done.body["archived_at"], again.status) == (200, None, 409)
    assert [(one.revision, one.is_archived) for one in told] == [(1, False), (2, True), (3, False)]


def test_a_fill_is_booked_to_the_strategy_that_its_order_names(desk: Desk, owner: Owner) -> None:
    account_id = desk.account["account_id"]
    strategy = portfolio(owner, "Momentum", kind="strategy", parent_id=desk.account["portfolio_id"])
    named = fill(1, "10", "100", account_id=account_id)
    unnamed, unknown = (replace(named, execution_id=f"e-{n}") for n in (2, 3))

    assert not desk.function.deliver(
        fill_recorded(named, 1, strategy),
        fill_recorded(unnamed, 2),
        fill_recorded(unknown, 3, "nobody-knows"),
    )

    booked = owner.get(f"{desk.books}/ledger").body["items"]
    assert [one["strategy_id"] for one in booked] == ["nobody-knows", None, strategy]


def test_a_portfolio_with_others_in_it_is_not_archived_until_they_are_gone(
    desk: Desk, owner: Owner
) -> None:
    everything = f"/v1/portfolios/{portfolio(owner, 'Everything')}"
    inside = portfolio(owner, "Inside", parent_id=everything.rsplit("/", 1)[1])

    tried = owner.change("POST", f"{everything}/archive")
    taken_out = owner.change("PATCH", f"/v1/portfolios/{inside}", {"parent_id": None})
    done = owner.change("POST", f"{everything}/archive")

    assert (tried.status, "Inside" in tried.body["detail"]) == (409, True)
    assert taken_out.body["parent_id"] is None
    assert (done.status, bool(done.body["archived_at"])) == (200, True)
    books = owner.change("POST", f"{desk.books}/archive")
    assert (books.status, "archive the account" in books.body["detail"]) == (409, True)


def test_no_portfolio_comes_to_stand_below_itself(owner: Owner) -> None:
    top = portfolio(owner, "Top")
    middle = portfolio(owner, "Middle", parent_id=top)
    bottom = portfolio(owner, "Bottom", parent_id=middle)

    for parent in (bottom, top):
        tried = owner.change("PATCH", f"/v1/portfolios/{top}", {"parent_id": parent})

        assert (tried.status, tried.body["errors"][0]["field"]) == (422, "parent_id")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "S", "kind": "strategy"},
        {"name": "S", "kind": "strategy", "parent_id": "nothing"},
        {"name": "S", "parent_id": "nothing"},
        {"name": "S", "parent_id": "BOOKS"},
        {"name": "S", "kind": "account"},
        {"kind": "portfolio"},
    ],
)
def test_a_portfolio_that_cannot_be_is_refused_by_field(
    desk: Desk, owner: Owner, body: dict[str, str]
) -> None:
    given = {
        name: desk.account["portfolio_id"] if value == "BOOKS" else value
        for name, value in body.items()
    }

    tried = owner.make("/v1/portfolios", given)

    assert tried.status == 422
    assert tried.body["errors"][0]["fix"]


def test_the_same_key_makes_one_portfolio(owner: Owner) -> None:
    first = owner.make("/v1/portfolios", {"name": "P"}, "same")
    again = owner.make("/v1/portfolios", {"name": "P"}, "same")
    other = owner.make("/v1/portfolios", {"name": "Q"}, "same")

    assert first == again
    assert (other.status, slug(other)) == (422, "idempotency-key-reused")


def test_what_is_anothers_is_as_absent_as_what_never_was(desk: Desk, owner: Owner) -> None:
    mine = portfolio(owner, "Mine")
    stranger = Owner(desk._handler, "owner-2")
    theirs = portfolio(stranger, "Theirs")

    for path in (desk.cash, f"/v1/portfolios/{mine}"):
        assert stranger.get(path).status == 404
        assert stranger.change("PATCH", path, {"name": "x"}).status == 404
        assert stranger.change("POST", f"{path}/archive").status == 404
    adopted = owner.change("PATCH", f"/v1/portfolios/{mine}", {"parent_id": theirs})
    assert (adopted.status, adopted.body["errors"][0]["message"]) == (422, f"no portfolio {theirs}")
    assert [one["name"] for one in stranger.get("/v1/portfolios").body["items"]] == ["Theirs"]
