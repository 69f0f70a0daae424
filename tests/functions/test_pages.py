"""Lists that grow come in pages over HTTP, and following `next_cursor` shows everything once."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.money import Price
from bifrost.execution.records import Mark
from bifrost.runtime.lambda_entry import lambda_entry
from functions.data import handler as data_handler
from functions.data import wiring as data_wiring
from functions.execution import handler as execution_handler
from functions.execution import wiring as execution_wiring
from tests.builders import FIRST_CLOSE, OWNER
from tests.data_desk import DataDesk
from tests.execution_desk import TradingDesk
from tests.functions.ways_in import Answer, Context, claims_of, http_event
from tests.postgres_server import Server

Make = Callable[[str], Database]
Read = Callable[..., Answer]
SYMBOLS = [f"S{number:03}" for number in range(25)]


@pytest.fixture(scope="module")
def read(postgres_server: Server) -> Iterator[Read]:
    """Read data's and execution's addresses, which no test changes."""
    opened: list[Database] = []
    with postgres_server.fresh_database() as name, pytest.MonkeyPatch.context() as patched:

        def make(schema: str) -> Database:
            opened.append(Database(postgres_server.address(f"bifrost_{schema}", name)))
            return opened[-1]

        yield reading(make, patched)
        for database in opened:
            database.close()


def reading(make_database: Make, patched: pytest.MonkeyPatch) -> Read:
    """Make 25 instruments, each with a price, and a noted order."""
    data, desk = DataDesk(make_database("data")), TradingDesk(make_database)
    rows = [f"{symbol},XNYS,USD,0.01,1,{symbol}" for symbol in SYMBOLS]
    header = "symbol,mic,currency,tick_size,lot_size,name"
    data.put("instruments/test.csv", "\n".join([header, *rows]).encode())
    desk.open()
    order = desk.place()
    with desk.desk.transaction() as books:
        for symbol in SYMBOLS:
            books.market.close(desk.broker.venue, Mark(symbol, Price(Decimal(100)), FIRST_CLOSE))
        record = books.orders.lock(order.order_id)
        for number in range(24):
            record = desk.journal.note(books, record, f"note-{number}", {})
    patched.setattr(data_wiring, "data", lambda: data.service)
    patched.setattr(execution_wiring, "orders", lambda: desk.orders)
    handlers = {"data": data_handler, "execution": execution_handler}

    def get(path: str, **query: Any) -> Answer:
        name = "data" if path == "/v1/instruments" else "execution"
        module = handlers[name]
        entry = lambda_entry(name, tasks=module.TASKS, listeners=module.LISTENERS)
        where = path.replace("{order}", order.order_id)
        answer = entry(http_event("GET", where, claims=claims_of(OWNER), query=query), Context())
        return Answer(answer["statusCode"], json.loads(answer["body"]))

    return get


def pages(read: Read, path: str, **query: Any) -> Iterator[Any]:
    """Follow the cursor to the end."""
    page = read(path, **query).body
    yield page
    while page["next_cursor"] is not None:
        page = read(path, **query, cursor=page["next_cursor"]).body
        yield page


CASES = [
    ("/v1/instruments", "items", "symbol", SYMBOLS),
    ("/v1/venue", "tape", "instrument", SYMBOLS),
    ("/v1/orders/{order}", "steps", "what", ["received", *(f"note-{n}" for n in range(24))]),
]


@pytest.mark.parametrize(("path", "items", "name", "everything"), CASES)
@pytest.mark.parametrize("limit", [1, 12, 24, 25, 26])
def test_pages_of_any_size_are_the_whole_once(
    read: Read, path: str, items: str, name: str, everything: list[str], limit: int
) -> None:
    found = list(pages(read, path, limit=limit))

    assert [item[name] for page in found for item in page[items]] == everything
    assert len(found) == -(-len(everything) // limit)


@pytest.mark.parametrize(("path", "items", "name", "everything"), CASES)
def test_what_fits_one_page_says_that_nothing_is_left_out(
    read: Read, path: str, items: str, name: str, everything: list[str]
) -> None:
    answer = read(path)

    assert answer.status == 200
    assert [item[name] for item in answer.body[items]] == everything
    assert answer.body["next_cursor"] is None


@pytest.mark.parametrize("path", [case[0] for case in CASES])
@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 1001}, {"limit": "all"}, {"cursor": "a b"}, {"cursor": "a\x00"}],
)
def test_a_page_that_cannot_be_is_refused(read: Read, path: str, query: dict[str, Any]) -> None:
    answer = read(path, **query)

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == list(query)
