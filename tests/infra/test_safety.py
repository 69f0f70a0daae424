"""Nothing is open that need not be: rights, transport, storage, and what the rule packs know."""

import json
import re
import subprocess
import sys
from pathlib import Path

from bifrost.runtime import metrics, sweeps
from infra_cdk.acknowledgements import ACKNOWLEDGED
from tests.infra.templates import Synthesised, Template, synthesise_careless

# CDK states dependencies that a reference already implies.
LINT_IGNORED = ("W3005",)
# The age of what is newest; a minute is the goal.
AGE = "OldestNewestBar"
LAG = "StreamLag"
AGES = (AGE, LAG)
LINT = "from cfnlint.runner import main; main()"


def test_the_rule_packs_find_nothing_that_is_not_acknowledged(aws_target: Synthesised) -> None:
    assert aws_target.findings == []


def test_a_careless_queue_would_be_found(tmp_path: Path) -> None:
    found = {finding.split(" at ")[0] for finding in synthesise_careless(tmp_path).findings}

    assert {"AwsSolutions-SQS4", "Serverless-SQSRedrivePolicy"} <= found


def test_synthesis_warns_of_nothing(aws_target: Synthesised) -> None:
    assert aws_target.warnings == []


def test_every_acknowledgement_gives_a_reason() -> None:
    assert [row for row in ACKNOWLEDGED if len(row.reason.split()) < 5] == []


def test_no_role_may_do_everything_of_a_service(aws_target: Synthesised) -> None:
    broad = [
        (name, action)
        for template in aws_target.templates.values()
        for name, statement in template.statements()
        # Whoever owns a key must be able to administer it; that policy is the account's own.
        if statement["Effect"] == "Allow" and not name.startswith("AlarmKey")
        for action in [statement["Action"]]
        if re.search(r"\*", json.dumps(action))
    ]

    assert broad == []


def test_every_queue_and_bucket_refuses_plain_http(desk: Template) -> None:
    refused = {
        name
        for name, statement in desk.statements()
        if statement["Effect"] == "Deny"
        and statement["Condition"].get("Bool") == {"aws:SecureTransport": "false"}
    }

    guarded = {**desk.of_type("AWS::SQS::QueuePolicy"), **desk.of_type("AWS::S3::BucketPolicy")}
    assert set(guarded) == refused
    covered = [next(iter(p.get("Queues", [p.get("Bucket")])))["Ref"] for p in guarded.values()]
    assert set(covered) == {
        *desk.of_type("AWS::SQS::Queue"),
        *desk.of_type("AWS::S3::Bucket"),
    }


def test_everything_at_rest_is_encrypted(aws_target: Synthesised, desk: Template) -> None:
    database = aws_target.templates["bifrost-database"]

    assert all(q["SqsManagedSseEnabled"] for q in desk.of_type("AWS::SQS::Queue").values())
    assert all("BucketEncryption" in b for b in desk.of_type("AWS::S3::Bucket").values())
    assert [c["StorageEncrypted"] for c in database.of_type("AWS::RDS::DBCluster").values()] == [
        True
    ]


def test_every_bucket_is_closed_to_the_public_and_keeps_versions(desk: Template) -> None:
    for bucket in desk.of_type("AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_a_new_object_is_told_to_the_event_bus(desk: Template) -> None:
    told = [b.get("NotificationConfiguration") for b in desk.of_type("AWS::S3::Bucket").values()]

    assert {"EventBridgeConfiguration": {"EventBridgeEnabled": True}} in told


def test_the_database_takes_iam_over_tls_and_no_password(aws_target: Synthesised) -> None:
    database = aws_target.templates["bifrost-database"]
    (proxy,) = database.of_type("AWS::RDS::DBProxy").values()
    (cluster,) = database.of_type("AWS::RDS::DBCluster").values()

    assert proxy["RequireTLS"] is True
    assert proxy["DefaultAuthScheme"] == "IAM_AUTH"
    assert cluster["EnableIAMDatabaseAuthentication"] is True
    assert cluster["ManageMasterUserPassword"] is True
    assert cluster["DeletionProtection"] is True


def test_a_transaction_whose_function_was_killed_lets_go_within_a_minute(
    aws_target: Synthesised,
) -> None:
    database = aws_target.templates["bifrost-database"]
    (group,) = database.of_type("AWS::RDS::DBClusterParameterGroup").values()

    assert group["Parameters"] == {"idle_in_transaction_session_timeout": "60000"}


def test_dead_letters_errors_old_messages_and_failed_workflows_raise_an_alarm(
    aws_target: Synthesised,
) -> None:
    alarms = aws_target.templates["bifrost-watch"].of_type("AWS::CloudWatch::Alarm").values()
    names = {alarm["AlarmName"] for alarm in alarms}

    for listener in ("data", "portfolio", "execution", "risk", "compliance"):
        assert f"bifrost-watch-{listener}-dead-letters" in names
        assert f"bifrost-watch-{listener}-oldest-message" in names
        assert f"bifrost-watch-{listener}-errors" in names
    assert "bifrost-watch-order-flow-failed" in names
    assert all(alarm["AlarmActions"] for alarm in alarms)


def test_every_metric_that_a_sweep_counts_raises_an_alarm(aws_target: Synthesised) -> None:
    alarms = aws_target.templates["bifrost-watch"].of_type("AWS::CloudWatch::Alarm").values()
    watched = {}
    for alarm in alarms:
        for stat in (one["MetricStat"] for one in alarm.get("Metrics", [])):
            if stat["Metric"]["Namespace"] == metrics.NAMESPACE:
                (dimension,) = stat["Metric"]["Dimensions"]
                name = stat["Metric"]["MetricName"]
                watched[name] = (dimension["Name"], dimension["Value"])
                wanted = ("Maximum", 60, 60) if name in AGES else ("Sum", 60, 0)
                assert (stat["Stat"], stat["Period"], alarm["Threshold"]) == wanted

    assert watched == {
        AGE: ("service", "data"),
        LAG: ("service", "runner"),
        "SessionsIncomplete": ("service", "data"),
        "IngestionFailed": ("service", "data"),
        "WorkflowsRestarted": ("service", "execution"),
        "WorkflowsGivenUp": ("service", "execution"),
        "ReplaysRestarted": ("service", "data"),
        "ReplaysGivenUp": ("service", "data"),
        "RebuildsGivenUp": ("service", "portfolio"),
    }
    assert watched.keys() == {
        *sweeps.ALARMING.values(),
        *AGES,
        "SessionsIncomplete",
        "IngestionFailed",
    }


def test_cloudformation_will_accept_every_template(aws_target: Synthesised) -> None:
    paths = [str(template.path) for template in aws_target.templates.values()]
    linted = subprocess.run(
        [sys.executable, "-c", LINT, "--ignore-checks", *LINT_IGNORED, "--", *paths],
        capture_output=True,
        text=True,
        check=False,
    )

    assert linted.stdout == ""
    assert linted.returncode == 0
