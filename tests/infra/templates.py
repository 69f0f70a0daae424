"""Synthesises the targets once, with the rule packs, and finds things in what was written."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """One stack as CloudFormation will read it."""

    path: Path
    body: Mapping[str, Any]

    def of_type(self, kind: str) -> dict[str, Resource]:
        """Every resource of a type, by logical id: its properties."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.body["Resources"].items()
            if resource["Type"] == kind
        }

    def statements(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every statement of every policy, with the logical id of who carries it."""
        for name, resource in self.body["Resources"].items():
            for document in _documents(resource):
                for statement in document.get("Statement", []):
                    yield name, statement


@dataclass(frozen=True, slots=True)
class Synthesised:
    """What one target's synthesis wrote, and what the rule packs found in it."""

    templates: dict[str, Template]
    findings: list[str]
    warnings: list[str]


def synthesise_aws(folder: Path) -> Synthesised:
    """Write the AWS target's templates, with placeholders for the layers' packages."""
    from infra_cdk.app import add_aws, new_app
    from infra_cdk.local_target import Target
    from infra_cdk.staging import stage_code, stage_runner
    from layers.build import layer_names

    layers = folder / "layers"
    for name in layer_names():
        (layers / name / "python").mkdir(parents=True)
        (layers / name / "python" / "placeholder.py").write_text(f'"""{name}."""\n')
    app = new_app(Target.AWS, folder / "out")
    runner = stage_runner(folder / "runner")
    add_aws(app, code=stage_code(folder / "code"), layers=layers, runner=runner)
    return _synthesised(app, folder / "out")


def synthesise_local(folder: Path) -> Synthesised:
    """Write the local target's template."""
    from infra_cdk.app import add_local, new_app
    from infra_cdk.local_target import Target
    from infra_cdk.staging import stage_code

    app = new_app(Target.LOCAL, folder / "out")
    add_local(app, code=stage_code(folder / "code"))
    return _synthesised(app, folder / "out")


def synthesise_careless(folder: Path) -> Synthesised:
    """Write a stack with a queue that takes plain HTTP and keeps no dead letters."""
    from aws_cdk import Stack
    from aws_cdk import aws_sqs as sqs

    from infra_cdk.app import new_app
    from infra_cdk.local_target import Target

    app = new_app(Target.AWS, folder / "out")
    sqs.Queue(Stack(app, "careless"), "Open")
    return _synthesised(app, folder / "out")


def _synthesised(app: Any, out: Path) -> Synthesised:
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks, ServerlessChecks

    Validations.of(app).add_plugins(AwsSolutionsChecks(), ServerlessChecks())
    try:
        app.synth()
    except RuntimeError as error:
        # The report says it better; without one it was another failure.
        if "ValidationFailed:" not in str(error):
            raise
    templates = {
        path.name.removesuffix(".template.json"): Template(path, json.loads(path.read_text()))
        for path in sorted(out.glob("*.template.json"))
    }
    return Synthesised(
        templates, list(_findings(out / "validation-report.json")), list(_warnings(out))
    )


def _findings(report: Path) -> Iterator[str]:
    for plugin in json.loads(report.read_text())["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                yield f"{violation['ruleName']} at {construct['constructPath']}"


def _warnings(out: Path) -> Iterator[str]:
    for path in sorted(out.glob("*.metadata.json")):
        for construct, entries in json.loads(path.read_text()).items():
            for entry in entries:
                if entry["type"] in ("aws:cdk:warning", "aws:cdk:error"):
                    yield f"{construct}: {entry['data']}"


def _documents(resource: Resource) -> Iterator[Mapping[str, Any]]:
    properties = resource.get("Properties", {})
    for key in ("PolicyDocument", "KeyPolicy"):
        if key in properties:
            yield properties[key]
    inlines = properties.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []
    for inline in inlines:
        yield inline["PolicyDocument"]
