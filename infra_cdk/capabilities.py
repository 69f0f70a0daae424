"""The desk's capabilities: one row per Lambda, and everything that is particular to it.

Standard library only, so that tests, layers and the local stack read the same table as the cloud.
What a row does not name, its role may not touch.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

# A Lambda's longest life.
LONGEST_SECONDS = 900
_LONG = "_long"


class Workflow(StrEnum):
    """State machines by their deployed name; each is a file in `stepfunctions/`."""

    ORDER_FLOW = "order-flow"
    ORDER_PREVIEW = "order-preview"
    WITHDRAWAL_FLOW = "withdrawal-flow"
    RECONCILE = "reconcile"
    REPLAY = "replay"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True)
class Route:
    """One way in by HTTP; `public` routes need no token."""

    method: str
    path: str
    public: bool = False

    @property
    def key(self) -> str:
        """API Gateway's name of the route; `$default` is what no other route takes."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A task called by the clock; `expression` is EventBridge Scheduler's, in `timezone`.

    patient: it waits until something counts as dead, and takes `patience_seconds`: 0 says that
        every workflow is known to have died.
    """

    task: str
    expression: str
    timezone: str = "UTC"
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Only:
    """Of a detail type a listener hears those alone whose field has one of the values."""

    detail_type: str
    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Capability:
    """One Lambda: how it is called, how large it is, and what it may touch.

    listens_to: detail types on the desk's bus.
    hears_only: of some of them, which: the bus keeps the others from its queue.
    hears_objects: new objects in the data bucket arrive at its queue.
    schemas: database schemas; each has a role `bifrost_<schema>` and a connection of its own.
    starts: workflows that it may start.
    publishes: it puts events on the bus.
    long_tasks: tasks of its workflows and schedules that may take as long as a Lambda lives. They
        have a function of their own, `<name>_long`: the queue's messages would else stay invisible
        for six times as long.
    """

    name: str
    routes: tuple[Route, ...] = ()
    listens_to: tuple[str, ...] = ()
    hears_only: tuple[Only, ...] = ()
    hears_objects: bool = False
    schedules: tuple[Schedule, ...] = ()
    schemas: tuple[str, ...] = ()
    starts: tuple[Workflow, ...] = ()
    publishes: bool = False
    reads_bucket: bool = False
    layers: tuple[str, ...] = ("backbone", "http")
    memory_mb: int = 512
    timeout_seconds: int = 30
    long_tasks: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Its folder in `functions/`; that of a function for long tasks is its capability's."""
        return self.name.removesuffix(_LONG)

    @property
    def long(self) -> "Capability | None":
        """The function for its long tasks: the same code and database, and no other way in."""
        if not self.long_tasks:
            return None
        return replace(
            self,
            name=self.name + _LONG,
            routes=(),
            listens_to=(),
            hears_only=(),
            hears_objects=False,
            schedules=(),
            starts=(),
            timeout_seconds=LONGEST_SECONDS,
            long_tasks=(),
        )

    def runs(self, task: str) -> str:
        """Name the function that a task of its schedules is for."""
        return self.name + _LONG if task in self.long_tasks else self.name

    @property
    def has_queue(self) -> bool:
        """Something is delivered to it."""
        return bool(self.listens_to) or self.hears_objects


def _probes(name: str) -> tuple[Route, ...]:
    return tuple(Route("GET", f"/v1/{name}/{probe}", public=True) for probe in ("health", "ready"))


def _guarded(*keys: str) -> tuple[Route, ...]:
    return tuple(Route(method, path) for method, path in (key.split(" ") for key in keys))


# The net under the outbox: what an invocation could not publish goes out within a minute.
_RELAY = Schedule("relay", "rate(1 minute)")

CAPABILITIES: tuple[Capability, ...] = (
    Capability(
        "gateway",
        routes=(
            *_probes("gateway"),
            Route("GET", "/v1/openapi.json", public=True),
            Route("GET", "/v1/docs", public=True),
            Route("GET", "/v1/docs/{file}", public=True),
            Route("GET", "/v1/problems", public=True),
            Route("GET", "/v1/problems/{slug}", public=True),
            Route("ANY", "$default", public=True),
        ),
        layers=("backbone", "http", "docs"),
        timeout_seconds=10,
    ),
    Capability(
        "data",
        routes=(
            *_probes("data"),
            *_guarded(
                "GET /v1/instruments",
                "GET /v1/instruments/{symbol}",
                "GET /v1/bars",
                "GET /v1/sessions",
                "GET /v1/corporate-actions",
                "POST /v1/corporate-actions",
                "POST /v1/replays",
                "GET /v1/replays/{replay_id}",
            ),
        ),
        hears_objects=True,
        schedules=(_RELAY, Schedule("sweep", "rate(1 minute)", patient=True)),
        schemas=("data",),
        starts=(Workflow.REPLAY,),
        publishes=True,
        reads_bucket=True,
        memory_mb=1024,
        timeout_seconds=60,
    ),
    Capability(
        "portfolio",
        routes=(
            *_probes("portfolio"),
            *_guarded(
                "POST /v1/accounts",
                "GET /v1/accounts",
                "GET /v1/accounts/{account_id}",
                "PATCH /v1/accounts/{account_id}",
                "POST /v1/accounts/{account_id}/archive",
                "POST /v1/accounts/{account_id}/unarchive",
                "POST /v1/accounts/{account_id}/deposits",
                "POST /v1/accounts/{account_id}/withdrawals",
                "POST /v1/accounts/{account_id}/cash-flows",
                "POST /v1/accounts/{account_id}/ledger/{transaction_id}/reversals",
                "GET /v1/accounts/{account_id}/lots",
                "PUT /v1/accounts/{account_id}/lot-selection",
                "PUT /v1/accounts/{account_id}/lot-selection/{order_id}",
                "POST /v1/accounts/{account_id}/rebuilds",
                "GET /v1/accounts/{account_id}/rebuilds/{rebuild_id}",
                "POST /v1/accounts/{account_id}/imports/preview",
                "POST /v1/accounts/{account_id}/imports",
                "GET /v1/accounts/{account_id}/imports",
                "GET /v1/accounts/{account_id}/imports/{import_id}",
                "POST /v1/accounts/{account_id}/imports/{import_id}/undo",
                "GET /v1/accounts/{account_id}/activities",
                "GET /v1/accounts/{account_id}/lot-history",
                "POST /v1/accounts/{account_id}/statements",
                "GET /v1/accounts/{account_id}/reconciliation",
                "POST /v1/portfolios",
                "GET /v1/portfolios",
                "GET /v1/portfolios/{portfolio_id}",
                "PATCH /v1/portfolios/{portfolio_id}",
                "POST /v1/portfolios/{portfolio_id}/archive",
                "POST /v1/portfolios/{portfolio_id}/unarchive",
                "GET /v1/portfolios/{portfolio_id}/positions",
                "GET /v1/portfolios/{portfolio_id}/ledger",
                "GET /v1/portfolios/{portfolio_id}/cash",
                "GET /v1/portfolios/{portfolio_id}/valuations",
                "GET /v1/portfolios/{portfolio_id}/pnl",
                "GET /v1/portfolios/{portfolio_id}/returns",
                "GET /v1/tax/wash-sales",
                "GET /v1/tax/form-8949",
                "GET /v1/tax/preview",
                "POST /v1/tax/1099b-reconciliations",
                "GET /v1/tax/spouse",
                "PUT /v1/tax/spouse",
                "DELETE /v1/tax/spouse",
                "POST /v1/watchlists",
                "GET /v1/watchlists",
                "GET /v1/watchlists/{watchlist_id}",
                "PUT /v1/watchlists/{watchlist_id}",
                "DELETE /v1/watchlists/{watchlist_id}",
            ),
        ),
        listens_to=(
            "FillRecorded.v1",
            "BarClosed.v1",
            "InstrumentListed.v1",
            "CorporateActionAnnounced.v1",
            "CorporateActionCorrected.v1",
        ),
        schedules=(
            _RELAY,
            Schedule("sweep", "rate(5 minutes)", patient=True),
            Schedule("follow_actions", "rate(5 minutes)"),
            Schedule("record_valuations", "cron(15 17 ? * MON-FRI *)", "America/New_York"),
        ),
        schemas=("portfolio",),
        starts=(Workflow.WITHDRAWAL_FLOW, Workflow.REBUILD),
        publishes=True,
        long_tasks=("rebuild", "follow_actions"),
    ),
    Capability(
        "execution",
        routes=(
            *_probes("execution"),
            *_guarded(
                "POST /v1/orders",
                "GET /v1/orders",
                "POST /v1/orders/preview",
                "GET /v1/orders/{order_id}",
                "POST /v1/orders/{order_id}/cancel",
                "POST /v1/reconciliations",
                "GET /v1/venue",
                "GET /v1/kill-switch",
                "PUT /v1/kill-switch",
            ),
        ),
        listens_to=(
            "AccountOpened.v1",
            "InstrumentListed.v1",
            "StrategyChanged.v1",
            "BarClosed.v1",
            "CashDeposited.v1",
            "CashWithdrawn.v1",
            "CashChanged.v1",
            "CorporateActionAnnounced.v1",
            "CorporateActionCorrected.v1",
        ),
        schedules=(
            _RELAY,
            Schedule("sweep", "rate(1 minute)", patient=True),
            Schedule("reconcile_all", "cron(30 17 ? * MON-FRI *)", "America/New_York"),
        ),
        # The paper venue is an outside party: its own schema, role and connection.
        schemas=("execution", "venue"),
        starts=(Workflow.ORDER_FLOW, Workflow.ORDER_PREVIEW, Workflow.RECONCILE),
        publishes=True,
        timeout_seconds=60,
    ),
    Capability(
        "risk",
        routes=(
            *_probes("risk"),
            *_guarded(
                "GET /v1/accounts/{account_id}/buying-power",
                "GET /v1/accounts/{account_id}/limits",
                "PUT /v1/accounts/{account_id}/limits",
            ),
        ),
        listens_to=(
            "AccountOpened.v1",
            "InstrumentListed.v1",
            "CashDeposited.v1",
            "CashWithdrawn.v1",
            "CashChanged.v1",
            "BarClosed.v1",
            "FillRecorded.v1",
            "OrderRefused.v1",
            "OrderRejected.v1",
            "OrderCancelled.v1",
            "OrderExpired.v1",
            "OrderFilled.v1",
            "OrderRestated.v1",
            "PositionChanged.v1",
            "CorporateActionAnnounced.v1",
            "CorporateActionCorrected.v1",
        ),
        # Fills reach it as themselves, and a cash flow moves no share.
        hears_only=(Only("PositionChanged.v1", "cause", ("corporate_action", "correction")),),
        schemas=("risk",),
    ),
    Capability(
        "compliance",
        routes=(
            *_probes("compliance"),
            *_guarded(
                "GET /v1/restricted-list",
                "PUT /v1/restricted-list/{instrument}",
                "DELETE /v1/restricted-list/{instrument}",
                "GET /v1/decisions",
            ),
        ),
        listens_to=("AccountOpened.v1", "BarClosed.v1"),
        schemas=("compliance",),
    ),
)

FUNCTIONS: tuple[Capability, ...] = (
    *CAPABILITIES,
    *(row.long for row in CAPABILITIES if row.long),
)

SCHEMAS: tuple[str, ...] = tuple(schema for row in CAPABILITIES for schema in row.schemas)
