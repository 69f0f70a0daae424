"""A cloud assembly is read as CDK writes it, and carries the code as it is now."""

import json
from pathlib import Path
from typing import Any

import pytest

from bifrost.core.errors import UnavailableError
from bifrost.local.assembly import read, with_present_code
from bifrost.local.deploy import fill, fingerprint_of
from bifrost.local.home import Home, Record
from bifrost.local.stack import Place, Stack

STAGING = """
import shutil
from pathlib import Path
def stage_code(into):
    shutil.copytree(Path(__file__).parents[1] / "functions", into / "functions")
    return into
"""


def make_assembly(folder: Path, stacks: int = 1) -> Path:
    (folder / "asset.old" / "functions").mkdir(parents=True)
    key = {"S3Bucket": "assets", "S3Key": "old.zip"}
    template = {"Parameters": {"EndpointUrl": {}}, "Resources": {"F": {"Code": key}}}
    (folder / "desk.template.json").write_text(json.dumps(template))
    destination = {"here": {"bucketName": "assets", "objectKey": "old.zip"}}
    files = {
        "old": {"source": {"path": "asset.old", "packaging": "zip"}, "destinations": destination},
        "t": {"source": {"path": "desk.template.json"}, "destinations": destination},
    }
    (folder / "desk.assets.json").write_text(json.dumps({"files": files}))
    artifacts: dict[str, Any] = {
        "desk.assets": {"type": "cdk:asset-manifest", "properties": {"file": "desk.assets.json"}}
    }
    for number in range(stacks):
        artifacts[f"desk{number}"] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": "desk.template.json", "stackName": "desk"},
        }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def make_project(folder: Path) -> Path:
    (folder / "infra_cdk").mkdir(parents=True)
    (folder / "functions").mkdir()
    (folder / "infra_cdk" / "staging.py").write_text(STAGING)
    (folder / "functions" / "risk.py").write_text("LIMIT = 1\n")
    return folder


def test_an_assembly_names_its_stack_its_parameters_and_its_archives(tmp_path: Path) -> None:
    assembly = read(make_assembly(tmp_path))

    assert assembly.stack == "desk"
    assert assembly.parameters == {"EndpointUrl"}
    assert [(asset.bucket, asset.key, asset.is_archive) for asset in assembly.assets] == [
        ("assets", "old.zip", True)
    ]


def test_an_assembly_of_two_stacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="2 stacks"):
        read(make_assembly(tmp_path, stacks=2))


def test_a_changed_function_changes_its_key_in_the_template_without_a_synthesis(
    tmp_path: Path,
) -> None:
    project, assembly = make_project(tmp_path / "p"), read(make_assembly(tmp_path / "a"))
    before = with_present_code(assembly, project, tmp_path / "code")
    again = with_present_code(assembly, project, tmp_path / "code")
    (project / "functions" / "risk.py").write_text("LIMIT = 2\n")

    after = with_present_code(assembly, project, tmp_path / "code")

    assert before.assets[0].key == again.assets[0].key != after.assets[0].key
    assert after.assets[0].key in after.template
    assert "old.zip" not in after.template


def test_a_deployment_is_repeated_for_another_template_another_parameter_or_other_code(
    tmp_path: Path,
) -> None:
    project, assembly = make_project(tmp_path / "p"), read(make_assembly(tmp_path / "a"))
    present = with_present_code(assembly, project, tmp_path / "code")

    same = fingerprint_of(present, {"EndpointUrl": "a"})

    assert same == fingerprint_of(present, {"EndpointUrl": "a"})
    assert same != fingerprint_of(present, {"EndpointUrl": "b"})
    assert same != fingerprint_of(assembly, {"EndpointUrl": "a"})


def test_a_bucket_is_named_for_its_account_and_region() -> None:
    name = fill("assets-${AWS::AccountId}-${AWS::Region}", "000000000000")

    assert name == "assets-000000000000-us-east-1"


def test_status_names_the_live_feed_as_a_websocket_takes_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.write(Record(outputs={"FeedUrl": "http://127.0.0.1:4566/_aws/execute-api/f/live"}))

    found = Stack(Place(home=home, project=tmp_path)).status()

    assert found["feed_url"] == "ws://127.0.0.1:4566/_aws/execute-api/f/live"


def test_a_stack_that_was_never_up_says_what_to_run_and_goes_down_in_peace(tmp_path: Path) -> None:
    stack = Stack(Place(home=Home(tmp_path / "absent"), project=tmp_path))

    assert stack.status()["up"] is False
    with pytest.raises(UnavailableError, match="bifrost up"):
        stack.state()
    stack.down(lambda _step: None)
    stack.reset(lambda _step: None)
    assert not (tmp_path / "absent").exists()
