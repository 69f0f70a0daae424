"""A laptop gets the cloud's own stack less one list: what is on it is absent, all else there."""

from infra_cdk.capabilities import SCHEMAS
from infra_cdk.local_target import OMITTED, Part, Target
from tests.infra.templates import Template

# What CloudFormation calls the parts that are left out.
ABSENT = {
    "AWS::ApiGatewayV2::Authorizer": Part.AUTHORIZER,
    "AWS::Events::Archive": Part.ARCHIVE,
    "AWS::Lambda::LayerVersion": Part.LAYERS,
}


def types_of(template: Template) -> set[str]:
    """List the resource types of a template."""
    return {resource["Type"] for resource in template.body["Resources"].values()}


def test_the_local_desk_lacks_exactly_the_parts_on_the_list(
    desk: Template, local_desk: Template
) -> None:
    missing = types_of(desk) - types_of(local_desk)

    assert missing == set(ABSENT)
    assert types_of(local_desk) <= types_of(desk)


def test_every_function_queue_route_and_workflow_is_there(
    desk: Template, local_desk: Template
) -> None:
    for kind in (
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
        "AWS::ApiGatewayV2::Route",
        "AWS::StepFunctions::StateMachine",
        "AWS::Scheduler::Schedule",
        "AWS::Events::Rule",
    ):
        assert set(local_desk.of_type(kind)) == set(desk.of_type(kind)), kind


def test_the_workflows_are_the_same_to_the_letter(desk: Template, local_desk: Template) -> None:
    kind = "AWS::StepFunctions::StateMachine"
    cloud, laptop = (
        {m["StateMachineName"]: m["DefinitionString"] for m in t.of_type(kind).values()}
        for t in (desk, local_desk)
    )

    assert laptop == cloud


def test_aws_leaves_nothing_out_and_each_omission_has_a_reason() -> None:
    assert all(Target.AWS.has(part) for part in Part)
    assert set(OMITTED) == set(Part)
    assert all(len(reason.split()) > 5 for reason in OMITTED.values())


def test_database_urls_are_hidden_parameters_and_no_other_input_is_needed(
    local_desk: Template,
) -> None:
    parameters = local_desk.body["Parameters"]

    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert required == {f"{schema.title()}DatabaseUrl" for schema in SCHEMAS}
    assert all(parameters[name]["NoEcho"] for name in required)


def test_both_targets_tell_the_caller_the_same_things(desk: Template, local_desk: Template) -> None:
    said = {name for name in desk.body["Outputs"] if not name.startswith("Export")}

    assert set(local_desk.body["Outputs"]) == said
    assert {"ApiUrl", "UserPoolClientId", "OrderFlowArn", "RiskQueueUrl"} <= said
