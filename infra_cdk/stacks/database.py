"""The network and Aurora PostgreSQL in it: what must outlive every deployment of the desk.

No password reaches a function: the proxy takes IAM tokens and makes its own for the cluster. The
one secret is the owner's, kept and rotated by RDS, read by nobody but who migrates.
"""

from typing import Any, cast

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra_cdk.capabilities import SCHEMAS
from infra_cdk.constructs.database_access import ProxyAccess, user_arn

PORT = 5432


class DatabaseStack(Stack):
    """`access` is all that the desk sees of it."""

    def __init__(self, scope: Construct, construct_id: str, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.vpc = self._network()
        functions = self._group("Functions", "The functions of the desk")
        migrations = self._group("Migrations", "A shell that migrates; see docs/deploy-aws.md")
        self.cluster = self._cluster()
        self.cluster.connections.allow_default_port_from(migrations, "migrations")
        proxy = self._proxy()
        proxy.connections.allow_from(functions, ec2.Port.tcp(PORT), "functions")
        self.access = ProxyAccess(
            vpc=self.vpc,
            security_group=functions,
            host=proxy.endpoint,
            proxy_arn=proxy.db_proxy_arn,
        )
        self._outputs(migrations)

    def _network(self) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            # One: the desk stops sending while its zone is away, and nothing is lost meanwhile.
            nat_gateways=1,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="functions",
                    subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS,
                    cidr_mask=20,
                ),
                ec2.SubnetConfiguration(
                    name="database",
                    subnet_type=ec2.SubnetType.PRIVATE_ISOLATED,
                    cidr_mask=24,
                ),
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)
            },
        )
        log = logs.LogGroup(
            self,
            "FlowLog",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        vpc.add_flow_log("Flow", destination=ec2.FlowLogDestination.to_cloud_watch_logs(log))
        return vpc

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            f"{name}Group",
            vpc=self.vpc,
            description=description,
        )

    def _cluster(self) -> rds.DatabaseCluster:
        # RDS would make it, and keep it for ever.
        log = logs.LogGroup(
            self,
            "ClusterLog",
            log_group_name=f"/aws/rds/cluster/{self.stack_name}/postgresql",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            engine=rds.DatabaseClusterEngine.aurora_postgres(
                version=rds.AuroraPostgresEngineVersion.VER_17_7
            ),
            writer=rds.ClusterInstance.serverless_v2("Writer", enable_performance_insights=True),
            readers=[
                rds.ClusterInstance.serverless_v2(
                    "Reader", scale_with_writer=True, enable_performance_insights=True
                )
            ],
            serverless_v2_min_capacity=0.5,
            serverless_v2_max_capacity=8,
            vpc=self.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            default_database_name="bifrost",
            credentials=rds.Credentials.from_username("bifrost_owner"),
            manage_master_user_password=True,
            iam_authentication=True,
            storage_encrypted=True,
            # A function that is killed leaves its row locks; AWS's own limit on them is a day.
            parameters={"idle_in_transaction_session_timeout": "60000"},
            backup=rds.BackupProps(retention=Duration.days(14)),
            cloudwatch_logs_exports=["postgresql"],
            cluster_identifier=self.stack_name,
            enable_performance_insights=True,
            deletion_protection=True,
            removal_policy=RemovalPolicy.SNAPSHOT,
        )
        cluster.node.add_dependency(log)
        return cluster

    def _proxy_role(self) -> iam.Role:
        role = iam.Role(self, "ProxyRole", assumed_by=iam.ServicePrincipal("rds.amazonaws.com"))
        users = [
            user_arn(self, self.cluster.cluster_resource_identifier, schema) for schema in SCHEMAS
        ]
        role.add_to_policy(iam.PolicyStatement(actions=["rds-db:connect"], resources=users))
        return role

    def _proxy(self) -> rds.DatabaseProxy:
        return rds.DatabaseProxy(
            self,
            "Proxy",
            proxy_target=rds.ProxyTarget.from_cluster(self.cluster),
            vpc=self.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            db_proxy_name=self.stack_name,
            role=self._proxy_role(),
            default_auth_scheme=rds.DefaultAuthScheme.IAM_AUTH,
            require_tls=True,
            borrow_timeout=Duration.seconds(5),
            idle_client_timeout=Duration.minutes(30),
        )

    def _outputs(self, migrations: ec2.SecurityGroup) -> None:
        CfnOutput(self, "ClusterEndpoint", value=self.cluster.cluster_endpoint.hostname)
        CfnOutput(self, "VpcId", value=self.vpc.vpc_id)
        CfnOutput(self, "MigrationsSecurityGroup", value=migrations.security_group_id)
        secret = cast("secretsmanager.ISecret", self.cluster.secret)  # RDS makes and rotates it
        CfnOutput(self, "OwnerSecret", value=secret.secret_arn)
