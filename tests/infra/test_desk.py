"""Each row of the table becomes a function with its routes, queue and rights, and nothing more."""

import json
from typing import Any

import pytest

from bifrost.adapters.postgres import risk_facts
from infra_cdk.capabilities import CAPABILITIES, FUNCTIONS, LONGEST_SECONDS, Capability, Workflow
from tests.infra.templates import Template

LISTENING = [row for row in FUNCTIONS if row.has_queue]
BY_NAME = pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row.name)
LONG = [row.long for row in CAPABILITIES if row.long]
WORKING = [row.working for row in CAPABILITIES if row.working]
BY_LISTENER = pytest.mark.parametrize("row", LISTENING, ids=lambda row: row.name)


def function_of(template: Template, row: Capability) -> Any:
    """Return the properties of the row's function."""
    functions = template.of_type("AWS::Lambda::Function").values()
    name = f"bifrost-{row.name.replace('_', '-')}"
    (found,) = (f for f in functions if f["FunctionName"] == name)
    return found


def queue_of(template: Template, row: Capability, kind: str) -> tuple[str, Any]:
    """Return the row's queue of a kind (`Events` or `DeadLetters`) with its logical id."""
    prefix = f"{row.name.title().replace('_', '')}Listener{kind}"
    queues = template.of_type("AWS::SQS::Queue").items()
    (found,) = ((name, queue) for name, queue in queues if name.startswith(prefix))
    return found


@BY_NAME
def test_each_row_is_a_function_as_its_row_says(desk: Template, row: Capability) -> None:
    function = function_of(desk, row)

    assert function["Handler"] == f"functions.{row.name}.handler.handler"
    assert function["Runtime"] == "python3.12"
    assert function["Architectures"] == ["arm64"]
    assert function["MemorySize"] == row.memory_mb
    assert function["Timeout"] == row.timeout_seconds
    assert len(function["Layers"]) == len(row.layers)
    assert function["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.parametrize("row", LONG, ids=lambda row: row.name)
def test_long_tasks_have_a_function_that_lives_as_long_as_one_may(
    desk: Template, row: Capability
) -> None:
    function = function_of(desk, row)
    said = json.dumps(desk.of_type("AWS::ApiGatewayV2::Integration"))
    heard = json.dumps(desk.of_type("AWS::Lambda::EventSourceMapping"))

    assert function["Timeout"] == LONGEST_SECONDS
    assert function["Handler"] == f"functions.{row.folder}.handler.handler"
    assert function["Environment"]["Variables"]["CAPABILITY"] == row.folder
    assert "DataFunction" in said
    assert f"{row.name.title().replace('_', '')}Function" not in said + heard


@pytest.mark.parametrize("row", WORKING, ids=lambda row: row.name)
def test_a_worker_takes_one_piece_of_work_at_a_time_from_a_queue_of_its_own(
    desk: Template, row: Capability
) -> None:
    function = function_of(desk, row)
    queue_id, _ = queue_of(desk, row, "Events")
    sources = desk.of_type("AWS::Lambda::EventSourceMapping").values()
    (source,) = (s for s in sources if s["EventSourceArn"] == {"Fn::GetAtt": [queue_id, "Arn"]})

    assert function["Handler"] == f"functions.{row.folder}.handler.handler"
    assert function["MemorySize"] == row.memory_mb
    assert function["Timeout"] == row.timeout_seconds
    assert len(function["Layers"]) == len(row.layers)
    assert (source["BatchSize"], source["ScalingConfig"]) == (
        1,
        {"MaximumConcurrency": row.at_once},
    )


@pytest.mark.parametrize("row", [row for row in CAPABILITIES if row.worker], ids=lambda r: r.name)
def test_a_capability_may_send_to_its_workers_queue_and_the_worker_what_is_left(
    desk: Template, row: Capability
) -> None:
    assert row.working is not None
    queue_id, _ = queue_of(desk, row.working, "Events")
    statements = [
        statement
        for policy in desk.of_type("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "sqs:SendMessage"
    ]

    assert [s["Resource"] for s in statements] == [{"Fn::GetAtt": [queue_id, "Arn"]}] * 2
    for one in (row, row.working):
        told = function_of(desk, one)["Environment"]["Variables"]
        assert told["INGEST_QUEUE_URL"] == {"Ref": queue_id}


@BY_NAME
def test_each_row_answers_its_routes_and_no_other(desk: Template, row: Capability) -> None:
    prefix = f"HttpApi{row.name.title()}Route"
    routes = desk.of_type("AWS::ApiGatewayV2::Route").items()

    deployed = {route["RouteKey"] for name, route in routes if name.startswith(prefix)}
    assert deployed == {route.key for route in row.routes}


def test_every_route_but_the_public_ones_asks_for_a_token(desk: Template) -> None:
    public = {route.key for row in CAPABILITIES for route in row.routes if route.public}

    for name, route in desk.of_type("AWS::ApiGatewayV2::Route").items():
        if not name.startswith("HttpApi"):
            continue
        wanted = "NONE" if route["RouteKey"] in public else "JWT"
        assert route["AuthorizationType"] == wanted, route["RouteKey"]
        assert ("AuthorizerId" in route) == (wanted == "JWT")


def test_the_public_routes_are_probes_and_documents() -> None:
    public = {route.key for row in CAPABILITIES for route in row.routes if route.public}
    probes = {
        f"GET /v1/{row.name}/{probe}" for row in CAPABILITIES for probe in ("health", "ready")
    }

    assert public - probes == {
        "GET /v1/openapi.json",
        "GET /v1/docs",
        "GET /v1/docs/{file}",
        "GET /v1/problems",
        "GET /v1/problems/{slug}",
        "$default",
    }


def test_no_two_rows_answer_the_same_route() -> None:
    keys = [route.key for row in CAPABILITIES for route in row.routes]

    assert len(keys) == len(set(keys))


def test_calls_to_the_api_are_throttled_and_logged(desk: Template) -> None:
    stages = desk.of_type("AWS::ApiGatewayV2::Stage").values()

    assert len(stages) == 2
    for stage in stages:
        assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
        assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0
        assert "status" in json.loads(stage["AccessLogSettings"]["Format"])


@BY_LISTENER
def test_each_listener_has_a_queue_that_gives_up_into_its_own_dead_letters(
    desk: Template, row: Capability
) -> None:
    dead_id, dead = queue_of(desk, row, "DeadLetters")
    _, queue = queue_of(desk, row, "Events")

    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [dead_id, "Arn"]},
        "maxReceiveCount": 5,
    }
    assert queue["VisibilityTimeout"] == 6 * row.timeout_seconds
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600


@BY_LISTENER
def test_a_failed_record_comes_back_alone(desk: Template, row: Capability) -> None:
    queue_id, _ = queue_of(desk, row, "Events")
    sources = desk.of_type("AWS::Lambda::EventSourceMapping").values()

    (source,) = (s for s in sources if s["EventSourceArn"] == {"Fn::GetAtt": [queue_id, "Arn"]})
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@BY_LISTENER
def test_each_listener_hears_what_its_row_names(desk: Template, row: Capability) -> None:
    queue_id, _ = queue_of(desk, row, "Events")
    patterns = [
        rule["EventPattern"]
        for rule in desk.of_type("AWS::Events::Rule").values()
        if rule["Targets"][0]["Arn"] == {"Fn::GetAtt": [queue_id, "Arn"]}
    ]

    heard = {kind for pattern in patterns for kind in pattern["detail-type"]}
    assert heard == set(row.listens_to) | ({"Object Created"} if row.hears_objects else set())


@BY_LISTENER
def test_of_a_type_that_a_row_filters_its_queue_gets_those_alone(
    desk: Template, row: Capability
) -> None:
    queue_id, _ = queue_of(desk, row, "Events")
    patterns = [
        rule["EventPattern"]
        for rule in desk.of_type("AWS::Events::Rule").values()
        if rule["Targets"][0]["Arn"] == {"Fn::GetAtt": [queue_id, "Arn"]}
    ]
    on_bus = [one for one in patterns if "Object Created" not in one["detail-type"]]

    some = [
        (kind, one["detail"]) for one in on_bus if "detail" in one for kind in one["detail-type"]
    ]
    whole = {kind for one in on_bus if "detail" not in one for kind in one["detail-type"]}
    assert some == [(one.detail_type, {one.field: list(one.values)}) for one in row.hears_only]
    assert whole == set(row.listens_to) - {one.detail_type for one in row.hears_only}


def test_risk_is_told_of_the_positions_that_it_counts_and_of_no_others() -> None:
    (risk,) = (row for row in CAPABILITIES if row.name == "risk")
    (positions,) = risk.hears_only

    assert (positions.detail_type, positions.field) == ("PositionChanged.v1", "cause")
    assert set(positions.values) == {cause.value for cause in risk_facts.COUNTED_CAUSES}


def test_each_schedule_calls_its_task(desk: Template) -> None:
    wanted = {
        (f"{row.name}-{schedule.task}", schedule.task, schedule.expression)
        for row in CAPABILITIES
        for schedule in row.schedules
    }

    schedules = desk.of_type("AWS::Scheduler::Schedule").values()
    deployed = {
        (s["Name"], json.loads(s["Target"]["Input"])["task"], s["ScheduleExpression"])
        for s in schedules
    }
    assert deployed == wanted


def test_a_schedule_of_a_long_task_calls_the_function_that_has_the_time(desk: Template) -> None:
    called = {
        one["Name"]: json.dumps(one["Target"]["Arn"])
        for one in desk.of_type("AWS::Scheduler::Schedule").values()
    }

    for row in CAPABILITIES:
        for schedule in row.schedules:
            name = row.runs(schedule.task).title().replace("_", "")
            assert f'"{name}Function' in called[f"{row.name}-{schedule.task}"]


@BY_NAME
def test_a_function_knows_the_databases_of_its_own_schemas_alone(
    desk: Template, row: Capability
) -> None:
    told = json.dumps(function_of(desk, row)["Environment"])

    named = {s for other in CAPABILITIES for s in other.schemas if f"bifrost_{s}@" in told}
    assert named == set(row.schemas)


@BY_NAME
def test_a_function_may_start_the_workflows_of_its_row_alone(
    desk: Template, row: Capability
) -> None:
    policies = {
        name: policy["PolicyDocument"]
        for name, policy in desk.of_type("AWS::IAM::Policy").items()
        if name.startswith(f"{row.name.title()}RoleDefaultPolicy")
    }

    said = json.dumps(policies)
    for workflow in tuple(Workflow):
        assert (f"stateMachine:bifrost-{workflow}" in said) == (workflow in row.starts)
    assert ("events:PutEvents" in said) == row.publishes
    assert ("s3:GetObject" in said) == row.reads_bucket
    assert ("s3:PutObject" in said) == ("/uploads/*" in said) == row.takes_uploads


def test_an_imported_file_leaves_the_bucket_after_three_months(desk: Template) -> None:
    (rules,) = (
        bucket["LifecycleConfiguration"]["Rules"]
        for name, bucket in desk.of_type("AWS::S3::Bucket").items()
        if name.startswith("DataStoreBucket")
    )

    expiring = {rule.get("Prefix"): rule.get("ExpirationInDays") for rule in rules}
    # Without a prefix nothing goes but old versions: other folders are kept.
    assert expiring == {None: None, "uploads/": 90}


def test_a_workflow_may_call_the_functions_of_its_file_alone(desk: Template) -> None:
    policies = desk.of_type("AWS::IAM::Policy").items()
    (policy,) = (p for name, p in policies if name.startswith("WorkflowsWithdrawalFlowRole"))

    said = json.dumps(policy)
    called = {row.name for row in CAPABILITIES if f"function:bifrost-{row.name}" in said}
    assert called == {"risk", "portfolio"}


def test_the_order_flow_is_standard_and_its_preview_answers_at_once(desk: Template) -> None:
    kinds = {
        machine["StateMachineName"]: machine["StateMachineType"]
        for machine in desk.of_type("AWS::StepFunctions::StateMachine").values()
    }

    assert kinds == {
        "bifrost-order-flow": "STANDARD",
        "bifrost-order-preview": "EXPRESS",
        "bifrost-withdrawal-flow": "EXPRESS",
        "bifrost-reconcile": "EXPRESS",
        "bifrost-replay": "STANDARD",
        "bifrost-rebuild": "STANDARD",
    }
