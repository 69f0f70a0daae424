"""The streaming ingester on AWS: one small task with data's rights and the vendors' keys, off
unless asked for, and an alarm where it falls behind or is not there. Nobody here builds its image.
"""

import json
from pathlib import Path

import pytest

from infra_cdk.staging import RUNNER_NEEDS, stage_runner
from tests.architecture.project import ROOT
from tests.infra.templates import Synthesised, Template


@pytest.fixture
def streams(aws_target: Synthesised) -> Template:
    """The ingester's stack."""
    return aws_target.templates["bifrost-streams"]


def test_one_small_task_runs_in_private_and_a_bad_deployment_is_undone(streams: Template) -> None:
    (service,) = streams.of_type("AWS::ECS::Service").values()
    (task,) = streams.of_type("AWS::ECS::TaskDefinition").values()
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]

    assert (service["DesiredCount"], service["LaunchType"]) == (1, "FARGATE")
    assert (task["Cpu"], task["Memory"]) == ("256", "512")
    assert network["AssignPublicIp"] == "DISABLED"
    deployed = service["DeploymentConfiguration"]
    assert deployed["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (deployed["MinimumHealthyPercent"], deployed["MaximumPercent"]) == (100, 200)


def test_it_logs_in_as_data_and_publishes_and_may_do_nothing_else(streams: Template) -> None:
    (role,) = (
        name for name in streams.of_type("AWS::IAM::Policy") if name.startswith("TaskTaskRole")
    )
    actions = {
        action
        for name, statement in streams.statements()
        if name == role
        for action in [statement["Action"]]
    }

    assert actions == {"rds-db:connect", "events:PutEvents"}
    assert "bifrost_data" in json.dumps(streams.of_type("AWS::IAM::Policy")[role])


def test_keys_come_from_the_secret_and_stand_in_no_variable(streams: Template) -> None:
    (task,) = streams.of_type("AWS::ECS::TaskDefinition").values()
    (container,) = task["ContainerDefinitions"]
    variables = {one["Name"] for one in container["Environment"]}

    assert [one["Name"] for one in container["Secrets"]] == ["VENDOR_SETTINGS"]
    assert not {name for name in variables if "KEY" in name or "SECRET" in name}
    assert container["ReadonlyRootFilesystem"] is True


def test_a_desk_that_did_not_ask_for_it_has_none(tmp_path: Path) -> None:
    from infra_cdk.app import add_aws, new_app
    from infra_cdk.local_target import Target
    from infra_cdk.staging import stage_code
    from layers.build import layer_names

    layers = tmp_path / "layers"
    for name in layer_names():
        (layers / name / "python").mkdir(parents=True)
        (layers / name / "python" / "placeholder.py").write_text("")
    app = new_app(Target.LOCAL, tmp_path / "out")
    add_aws(app, code=stage_code(tmp_path / "code"), layers=layers)
    stacks = {child.node.id for child in app.node.children}

    assert {"bifrost", "bifrost-watch"} <= stacks
    assert "bifrost-streams" not in stacks


def test_a_stream_that_falls_behind_or_is_silent_raises_an_alarm(aws_target: Synthesised) -> None:
    alarms = aws_target.templates["bifrost-watch"].of_type("AWS::CloudWatch::Alarm").values()
    (alarm,) = (one for one in alarms if "StreamLag" in json.dumps(one))

    assert alarm["Threshold"] == 60
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["AlarmActions"]


def test_the_containers_context_holds_what_it_imports_and_pins_it(tmp_path: Path) -> None:
    staged = stage_runner(tmp_path / "runner")
    dockerfile = (staged / "Dockerfile").read_text()

    assert (staged / "batch" / "runner" / "__main__.py").exists()
    assert (staged / "bifrost" / "data" / "streaming" / "running.py").exists()
    assert not (staged / "bifrost" / "cli").exists()
    for name in RUNNER_NEEDS:
        text = (staged / "requirements" / f"{name}.txt").read_text()
        assert "--hash=sha256:" in text
        assert text == (ROOT / "layers" / f"{name}.txt").read_text()
    assert "--require-hashes" in dockerfile
    assert "USER runner" in dockerfile
