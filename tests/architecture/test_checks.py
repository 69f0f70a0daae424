"""The checks themselves find what they are for: each is fed a fault and must name it."""

import re
from pathlib import Path

import pytest

from infra_cdk.capabilities import CAPABILITIES
from tests.architecture.capability_map import (
    dead_ends,
    disagreements,
    function_names,
    room_names,
    uncalled_tasks,
    unknown_errors,
    unknown_tasks,
)
from tests.architecture.exact_money import floats, readers_of_statistics
from tests.architecture.imports import broken_contracts, copy_packages
from tests.architecture.tidy import (
    FILE_LINES_MAX,
    FUNCTION_LINES_MAX,
    ignores_without_reason,
    leftovers,
    too_long,
    undocumented,
    vague_names,
    words_of_others,
)

TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Arguments": {"FunctionName": "${risk}", "Payload": {"task": "release"}},
    "Retry": [{"ErrorEquals": ["UnavailableError", "States.Timeout"]}],
    "End": True,
}
MACHINE = {"StartAt": "Release", "States": {"Release": TASK}}
NESTED = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": [MACHINE]}}}


def write(folder: Path, text: str, name: str = "code.py") -> list[Path]:
    path = folder / name
    path.write_text(text)
    return [path]


_UNDERLINED = re.compile(r"\n\n(\S.*)(?:\n[^\n-].*)?\n-{5,}")
# In one copy: a run of the linter costs a second, and names each for itself.
MISPLACED = [
    ("shared/bifrost/core/money.py", "bifrost.events", "Rooms"),
    ("shared/bifrost/risk/__init__.py", "bifrost.portfolio", "Rooms"),
    ("shared/bifrost/risk/__init__.py", "psycopg", "SQL lives only"),
    ("shared/bifrost/risk/__init__.py", "boto3", "AWS lives only"),
    ("shared/bifrost/risk/__init__.py", "fastapi", "The web and Lambda live only"),
    ("shared/bifrost/execution/__init__.py", "alpaca", "Broker SDKs live only"),
    ("shared/bifrost/adapters/aws/__init__.py", "ib_async", "Broker SDKs live only"),
    (
        "shared/bifrost/adapters/brokers/paper.py",
        "yfinance",
        "Vendors of market data and news live",
    ),
    ("batch/spoiled.py", "ccxt", "Broker SDKs live only"),
    ("functions/risk/__init__.py", "functions.compliance", "No function imports another"),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy with every import where it may not be."""
    root = copy_packages(tmp_path_factory.mktemp("spoiled"))
    for name, imported, _ in MISPLACED:
        spoiled = root / name
        text = spoiled.read_text() if spoiled.exists() else ""
        spoiled.write_text(f"{text}\nimport {imported}\n")
    return broken_contracts(root)


@pytest.mark.parametrize(("name", "imported", "contract"), MISPLACED)
def test_a_misplaced_import_breaks_its_contract(
    said: str, name: str, imported: str, contract: str
) -> None:
    module = name.removeprefix("shared/").removesuffix(".py").removesuffix("/__init__")
    line = f"{module.replace('/', '.')} -> {imported}"

    before, found, _ = said.partition(line)

    assert found, said
    assert _UNDERLINED.findall(before)[-1].startswith(contract)


def test_a_broker_may_import_its_sdk_and_a_vendor_its_own(tmp_path: Path) -> None:
    root = copy_packages(tmp_path)
    vendors = root / "shared/bifrost/adapters/vendors"
    vendors.mkdir(exist_ok=True)
    (vendors / "__init__.py").touch()
    (vendors / "alpaca_bars.py").write_text("import alpaca\nimport yfinance\n")
    (root / "shared/bifrost/adapters/brokers/alpaca_orders.py").write_text("import alpaca\n")

    assert broken_contracts(root) == ""


def test_a_forgotten_row_of_the_table_is_named() -> None:
    forgetful = [row.name for row in CAPABILITIES if row.name != "risk"]

    found = disagreements(table=forgetful, rooms=room_names(), functions=function_names())

    assert found == ["risk is missing from table"]


def test_a_row_without_code_is_named() -> None:
    assert disagreements(table=["risk", "ml"], rooms=["risk"]) == ["ml is missing from rooms"]


def test_a_file_one_line_too_long_is_named_and_one_at_the_limit_is_not(tmp_path: Path) -> None:
    longest = write(tmp_path, "x = 1\n" * FILE_LINES_MAX, "longest.py")
    too_big = write(tmp_path, "x = 1\n" * (FILE_LINES_MAX + 1), "too_big.py")

    assert too_long(longest, tmp_path) == []
    assert too_long(too_big, tmp_path) == ["too_big.py has 401 lines, at most 400"]


def test_a_function_one_line_too_long_is_named_and_one_at_the_limit_is_not(tmp_path: Path) -> None:
    body = "    x = 1\n"
    longest = write(tmp_path, "def f():\n" + body * (FUNCTION_LINES_MAX - 1), "longest.py")
    too_big = write(tmp_path, "def f():\n" + body * FUNCTION_LINES_MAX, "too_big.py")

    assert too_long(longest, tmp_path) == []
    assert too_long(too_big, tmp_path) == ["too_big.py: f has 51 lines, at most 50"]


@pytest.mark.parametrize(
    "code",
    [
        "price = float(text)",
        "def cost(price: float) -> None: ...",
        "HALF = 0.5",
        "Q = 'CREATE TABLE fills (price double precision)'",
        "rows: list[float] = []",
    ],
)
def test_a_float_on_its_way_to_the_ledger_is_named(tmp_path: Path, code: str) -> None:
    assert len(floats(write(tmp_path, code + "\n"), tmp_path)) == 1


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("from bifrost.portfolio.returns.failures import statistic", 1),
        ("from bifrost.portfolio import returns", 1),
        ("import bifrost.portfolio.returns.series", 1),
        ("from bifrost.portfolio.returns_policy import x", 0),
    ],
)
def test_a_reader_of_statistics_among_the_books_is_named(
    tmp_path: Path, code: str, named: int
) -> None:
    assert len(readers_of_statistics(write(tmp_path, code + "\n"), tmp_path)) == named


def test_decimals_integers_and_words_about_floats_are_no_floats(tmp_path: Path) -> None:
    code = '"""No float here."""\nHALF = Decimal("0.5")\nCOUNT = 5\nQ = "SELECT price FROM fills"\n'

    assert floats(write(tmp_path, code), tmp_path) == []


def test_a_call_of_a_task_that_is_not_offered_is_named() -> None:
    assert unknown_tasks({"flow": MACHINE}, {"risk": {"release"}}) == []
    assert unknown_tasks({"flow": NESTED}, {"risk": {"reserve"}}) == [
        "flow.Release calls risk.release, which its handler does not offer"
    ]


def test_a_task_that_nothing_calls_is_named() -> None:
    offered = {"risk": {"release", "sweep", "forgotten"}}

    assert uncalled_tasks({"flow": MACHINE}, {("risk", "sweep")}, offered) == [
        "nothing calls risk.forgotten"
    ]


def test_a_retry_of_an_error_that_nobody_raises_is_named() -> None:
    assert unknown_errors({"flow": NESTED}, {"UnavailableError"}) == []
    assert unknown_errors({"flow": NESTED}, set()) == [
        "flow.Release handles UnavailableError, which is no class of core/errors.py"
    ]


def test_a_state_that_is_missing_or_unreachable_is_named() -> None:
    machine = {
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Next": "C"}, "B": {"Type": "Succeed"}},
    }

    assert dead_ends({"flow": MACHINE}) == []
    assert dead_ends({"flow": machine}) == ["flow: C does not exist", "flow: nothing leads to B"]


@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        (vague_names, "def order_utils(): ...", "def check_order(): ..."),
        (vague_names, "class OrderManager: ...", "class OrderBook: ..."),
        (words_of_others, "last_candle = 1", "last_bar = 1"),
        (ignores_without_reason, "x = 1  # noqa", "x = 1  # noqa: E731  # short is clearer"),
        (
            ignores_without_reason,
            "x = f()  # type: ignore[no-any-return]",
            "x = f()  # type: ignore[no-any-return]  # boto3 has no types",
        ),
        (leftovers, "x = 1  # TODO: later", "x = 1"),
        (undocumented, "def f(): ...", "def _f(): ..."),
    ],
)
def test_a_line_against_the_style_is_named(tmp_path, check, bad, good) -> None:  # type: ignore[no-untyped-def]
    assert len(check(write(tmp_path, bad + "\n", "bad.py"), tmp_path)) == 1
    assert check(write(tmp_path, good + "\n", "good.py"), tmp_path) == []
