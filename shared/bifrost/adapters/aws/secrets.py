"""Secrets, as a function reads them: by name, and only those that its row names."""

from bifrost.adapters.aws.client import AwsClient


class KeptSecrets:
    """AWS Secrets Manager."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def get(self, name: str) -> str:
        """Return the secret's text as it is now.

        Raises AwsCallError where there is none, or this function may not read it, and
        UnavailableError where no answer came.
        """
        answer = self._client.call("secretsmanager.GetSecretValue", {"SecretId": name})
        return str(answer.get("SecretString", ""))
