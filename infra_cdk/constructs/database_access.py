"""How a function reaches its schema: a URL per schema, from a parameter or through the proxy."""

from dataclasses import dataclass
from typing import ClassVar

from aws_cdk import ArnFormat, CfnParameter, Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

# Amazon Linux 2023's bundle: it holds the Amazon roots that sign the proxy's certificate.
_ROOTS = "/etc/pki/tls/certs/ca-bundle.crt"


@dataclass(frozen=True, slots=True)
class ParameterUrls:
    """The URLs are given when the template is deployed (`<Schema>DatabaseUrl`)."""

    auth: ClassVar[str] = "none"
    urls: dict[str, CfnParameter]

    @classmethod
    def of(cls, stack: Stack, schemas: tuple[str, ...]) -> "ParameterUrls":
        """Declare one parameter per schema; hidden, for it may hold a password."""
        return cls(
            {
                schema: CfnParameter(stack, f"{schema.title()}DatabaseUrl", no_echo=True)
                for schema in schemas
            }
        )

    def url(self, schema: str) -> str:
        """Return the connection URL of the schema's role."""
        return self.urls[schema].value_as_string


@dataclass(frozen=True, slots=True)
class ProxyAccess:
    """RDS Proxy with IAM end to end: no password exists for any schema's role."""

    auth: ClassVar[str] = "iam"
    vpc: ec2.IVpc
    security_group: ec2.ISecurityGroup
    host: str
    proxy_arn: str

    def url(self, schema: str) -> str:
        """Return the connection URL of the schema's role; the password is a signed token."""
        return (
            f"postgresql://bifrost_{schema}@{self.host}:5432/bifrost"
            f"?sslmode=verify-full&sslrootcert={_ROOTS}"
        )

    def connect_statement(self, stack: Stack, schemas: tuple[str, ...]) -> iam.PolicyStatement:
        """Allow logging in as the schemas' roles, and as no other."""
        # The ARN ends in `:db-proxy:prx-...`, and that last part is what IAM knows it by.
        proxy_id = Fn.select(6, Fn.split(":", self.proxy_arn))
        return iam.PolicyStatement(
            actions=["rds-db:connect"],
            resources=[user_arn(stack, proxy_id, schema) for schema in schemas],
        )


def user_arn(stack: Stack, resource_id: str, schema: str) -> str:
    """Name the schema's role at a proxy or a cluster, as IAM names it."""
    return stack.format_arn(
        service="rds-db",
        resource="dbuser",
        resource_name=f"{resource_id}/bifrost_{schema}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
