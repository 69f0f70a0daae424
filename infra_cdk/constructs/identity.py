"""Who may call: a user pool, its one client, and the group that may set limits and lists."""

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct


class Identity(Construct):
    """Nobody signs up: an account on a trading desk is given, not taken."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Identity")
        stack = Stack.of(self)
        pool = cognito.UserPool(
            self,
            "Users",
            user_pool_name=stack.stack_name,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
            ),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            feature_plan=cognito.FeaturePlan.PLUS,
            standard_threat_protection_mode=(cognito.StandardThreatProtectionMode.FULL_FUNCTION),
            removal_policy=RemovalPolicy.RETAIN,
        )
        client = pool.add_client(
            "Desk",
            auth_flows=cognito.AuthFlow(user_srp=True, user_password=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
        )
        cognito.CfnUserPoolGroup(
            self,
            "Admins",
            user_pool_id=pool.user_pool_id,
            group_name="admin",
            description="May set limits and the restricted list",
        )
        self.pool_id = pool.user_pool_id
        self.client_id = client.user_pool_client_id
        self.issuer = f"https://cognito-idp.{stack.region}.amazonaws.com/{self.pool_id}"
        CfnOutput(stack, "UserPoolId", value=self.pool_id)
        CfnOutput(stack, "UserPoolClientId", value=self.client_id)
