"""The vendors' keys: one secret that the desk's owner fills, and that only ingestion reads."""

from aws_cdk import CfnOutput, RemovalPolicy, SecretValue, Stack
from aws_cdk import aws_secretsmanager as secretsmanager


def vendor_keys(stack: Stack) -> secretsmanager.Secret:
    """Make it, empty: without keys a vendor is not asked, and says which key it lacks.

    It holds JSON: the names of `bifrost.adapters.vendors.settings`, each with its value.
    """
    secret = secretsmanager.Secret(
        stack,
        "VendorKeys",
        secret_name=f"{stack.stack_name}/vendors",
        description="Keys of market data vendors, as JSON; see docs/providers.md",
        secret_string_value=SecretValue.unsafe_plain_text("{}"),
        removal_policy=RemovalPolicy.DESTROY,
    )
    CfnOutput(stack, "VendorKeysName", value=f"{stack.stack_name}/vendors")
    return secret
