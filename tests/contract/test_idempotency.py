"""One key stands for one request for ever, however many claim it and whenever they do."""

from collections import Counter
from collections.abc import Callable

import pytest

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.idempotency import IdempotencyKeys, body_hash
from bifrost.core.errors import KeyReusedError
from tests.contract.backbone import WorkFailedError, all_at_once, fail_after

MakeDatabase = Callable[[str], Database]
KEYS = IdempotencyKeys("portfolio")
SCOPE = "deposits/a-1"


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    return make_database("portfolio")


def claim(
    database: Database,
    resource_id: str,
    *,
    key: str = "k-1",
    scope: str = SCOPE,
    body: object = None,
) -> str | None:
    with database.transaction() as cursor:
        return KEYS.claim(
            cursor, scope=scope, key=key, digest=body_hash(body), resource_id=resource_id
        )


def test_the_first_claim_is_new_and_every_later_one_gets_its_resource(database: Database) -> None:
    answers = [claim(database, resource) for resource in ("t-1", "t-2", "t-3")]

    assert answers == [None, "t-1", "t-1"]


def test_the_same_key_with_another_body_is_refused_and_the_first_stands(
    database: Database,
) -> None:
    claim(database, "t-1", body={"amount": "1"})

    with pytest.raises(KeyReusedError, match="k-1 was used with another body"):
        claim(database, "t-2", body={"amount": "2"})
    assert claim(database, "t-3", body={"amount": "1"}) == "t-1"


def test_another_key_or_another_scope_is_another_request(database: Database) -> None:
    claim(database, "t-1")

    assert claim(database, "t-2", key="k-2") is None
    assert claim(database, "t-3", scope="deposits/a-2") is None


def test_a_claim_whose_work_failed_is_free_again(database: Database) -> None:
    def work(cursor: Cursor) -> None:
        KEYS.claim(cursor, scope=SCOPE, key="k-1", digest="d", resource_id="t-1")

    with pytest.raises(WorkFailedError):
        fail_after(database, work)

    assert claim(database, "t-2") is None


def test_of_sixteen_claims_at_once_one_is_new_and_all_name_its_resource(
    make_database: MakeDatabase,
) -> None:
    databases = [make_database("portfolio") for _ in range(16)]

    answers = all_at_once(
        [lambda n=n, d=d: claim(d, f"t-{n}") for n, d in enumerate(databases)]  # type: ignore[misc]
    )

    winner = f"t-{answers.index(None)}"
    assert Counter(answers) == {None: 1, winner: 15}


def test_of_claims_at_once_with_two_bodies_only_one_body_wins(make_database: MakeDatabase) -> None:
    databases = [make_database("portfolio") for _ in range(8)]

    def outcome(number: int) -> str:
        try:
            claim(databases[number], f"t-{number}", body=number % 2)
        except KeyReusedError:
            return f"refused {number % 2}"
        return f"taken {number % 2}"

    answers = all_at_once([lambda n=n: outcome(n) for n in range(8)])  # type: ignore[misc]

    assert Counter(answers) in (
        {"taken 0": 4, "refused 1": 4},
        {"taken 1": 4, "refused 0": 4},
    )


def test_the_same_words_in_another_order_are_the_same_request() -> None:
    assert body_hash({"a": "1", "b": ["2", None]}) == body_hash({"b": ["2", None], "a": "1"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "1"}, {"a": "2"}),
        ({"a": "1"}, {"b": "1"}),
        ({"a": "1"}, {"a": 1}),
        ({"a": ["1", "2"]}, {"a": ["2", "1"]}),
        ({"a": None}, {}),
        ({"a": "1", "b": "2"}, {"a": '1","b":"2'}),
    ],
)
def test_other_words_are_another_request(one: object, other: object) -> None:
    assert body_hash(one) != body_hash(other)
