"""The desk's capabilities: one row per Lambda, and everything that is particular to it.

Standard library only, so that tests, layers and the local stack read the same table as the cloud.
What a row does not name, its role may not touch.
"""

from infra_cdk.rows import (
    LONGEST_SECONDS,
    Capability,
    Only,
    Route,
    Schedule,
    Worker,
    Workflow,
)

__all__ = ["CAPABILITIES", "FUNCTIONS", "LONGEST_SECONDS", "SCHEMAS", "Capability", "Workflow"]


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
                "GET /v1/universe",
                "GET /v1/bars",
                "GET /v1/quotes",
                "GET /v1/trades",
                "GET /v1/sessions",
                "GET /v1/calendar",
                "GET /v1/snapshots",
                "POST /v1/company-facts",
                "GET /v1/data/quality",
                "POST /v1/data/quality/{quarantine_id}/release",
                "GET /v1/data/halts",
                "POST /v1/data/halts",
                "GET /v1/data/repairs",
                "POST /v1/data/repairs/scans",
                "GET /v1/data/repairs/{repair_id}",
                "POST /v1/data/repairs/{repair_id}/apply",
                "POST /v1/data/repairs/{repair_id}/undo",
                "GET /v1/corporate-actions",
                "POST /v1/corporate-actions",
                "POST /v1/replays",
                "GET /v1/replays/{replay_id}",
                "POST /v1/data/imports",
                "GET /v1/data/imports",
                "GET /v1/data/imports/{import_id}",
                "POST /v1/data/backfills",
                "GET /v1/data/backfills",
                "GET /v1/data/backfills/{job_id}",
                "GET /v1/data/backfills/{job_id}/items",
                "POST /v1/data/backfills/{job_id}/cancel",
                "POST /v1/data/backfills/{job_id}/resume",
                "GET /v1/data/subscriptions",
                "PUT /v1/data/subscriptions/{instrument}/{timeframe}/{provider}",
                "DELETE /v1/data/subscriptions/{instrument}/{timeframe}/{provider}",
                "GET /v1/data/gaps",
                "GET /v1/data/freshness",
                "GET /v1/data/providers",
            ),
        ),
        # It tells the clients of its feed of what it published itself.
        listens_to=("BarClosed.v1", "BarsTaken.v1", "TicksTaken.v1"),
        hears_only=(Only("BarsTaken.v1", "timeframe", ("1m",)),),
        # A client that was away can catch up on a quarter of an hour; its inbox keeps a day.
        news_hours=24,
        hears_objects=True,
        sockets=("$connect", "$disconnect", "$default", "subscribe", "unsubscribe"),
        schedules=(
            _RELAY,
            Schedule("sweep", "rate(1 minute)", patient=True),
            Schedule("roll_up", "rate(1 minute)"),
            Schedule("prune_feed", "rate(15 minutes)"),
            # It asks the calendar what has closed: cron knows no early close.
            Schedule("plan_ingestion", "rate(1 minute)", patient=True),
            Schedule("find_gaps", "rate(15 minutes)"),
            Schedule("pack_months", "rate(1 hour)"),
            Schedule("record_completeness", "cron(30 20 ? * MON-FRI *)", "America/New_York"),
            Schedule("record_snapshots", "cron(45 20 ? * MON-FRI *)", "America/New_York"),
        ),
        schemas=("data",),
        starts=(Workflow.REPLAY,),
        publishes=True,
        reads_bucket=True,
        takes_uploads=True,
        layers=("backbone", "http", "columns"),
        memory_mb=1024,
        timeout_seconds=60,
        # One item at a time in each; a vendor's limit is counted for all of them together.
        worker=Worker(
            "ingest", layers=("vendors",), memory_mb=1024, timeout_seconds=300, at_once=8
        ),
        reads_vendor_keys=True,
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
    *(row.working for row in CAPABILITIES if row.working),
)

SCHEMAS: tuple[str, ...] = tuple(schema for row in CAPABILITIES for schema in row.schemas)
