"""The HTTP API: one integration per capability, one route per line of its row."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra_cdk.capabilities import Capability
from infra_cdk.constructs.api_stage import add_stage
from infra_cdk.constructs.identity import Identity
from infra_cdk.local_target import Part, Target

_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "latency": "$context.integrationLatency",
    "authorizerError": "$context.authorizer.error",
}


class HttpApi(Construct):
    """Layer-1 resources: the library's own would add a permission per route."""

    def __init__(self, scope: Construct, *, target: Target, identity: Identity) -> None:
        super().__init__(scope, "HttpApi")
        self.api = api.CfnApi(
            self,
            "Api",
            name=Stack.of(self).stack_name,
            protocol_type="HTTP",
            cors_configuration=api.CfnApi.CorsProperty(
                allow_origins=["*"],
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                allow_headers=[
                    "authorization",
                    "content-type",
                    "idempotency-key",
                    "if-match",
                    "if-none-match",
                ],
                expose_headers=["etag", "link", "location", "retry-after", "x-correlation-id"],
                max_age=600,
            ),
        )
        self._authorizer = self._jwt(identity) if target.has(Part.AUTHORIZER) else None
        add_stage(self, self.api.ref, "$default", target=target, access_log=_ACCESS_LOG)
        CfnOutput(Stack.of(self), "ApiId", value=self.api.ref)

    def route(self, capability: Capability, function: lambda_.Function) -> None:
        """Send the capability's routes to its function."""
        name, stack = capability.name.title(), Stack.of(self)
        integration = api.CfnIntegration(
            self,
            f"{name}Integration",
            api_id=self.api.ref,
            integration_type="AWS_PROXY",
            integration_uri=function.function_arn,
            payload_format_version="2.0",
        )
        lambda_.CfnPermission(
            self,
            f"{name}Permission",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=stack.format_arn(
                service="execute-api", resource=self.api.ref, resource_name="*/*"
            ),
        )
        for number, line in enumerate(capability.routes):
            guard = None if line.public else self._authorizer
            api.CfnRoute(
                self,
                f"{name}Route{number:02}",
                api_id=self.api.ref,
                route_key=line.key,
                target=f"integrations/{integration.ref}",
                authorization_type="JWT" if guard else "NONE",
                authorizer_id=guard.ref if guard else None,
            )

    def _jwt(self, identity: Identity) -> api.CfnAuthorizer:
        return api.CfnAuthorizer(
            self,
            "Authorizer",
            api_id=self.api.ref,
            name="cognito",
            authorizer_type="JWT",
            identity_source=["$request.header.Authorization"],
            jwt_configuration=api.CfnAuthorizer.JWTConfigurationProperty(
                audience=[identity.client_id], issuer=identity.issuer
            ),
        )
