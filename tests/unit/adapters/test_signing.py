"""Our signatures are AWS's: botocore, the reference, makes the same ones."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from bifrost.adapters.aws.signing import (
    Credentials,
    Scope,
    database_token,
    presigned_url,
    signed_headers,
)

AT = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore asks the clock itself."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: AT)
    monkeypatch.setattr("botocore.compat.get_current_datetime", lambda *_, **__: AT)


@pytest.mark.parametrize("token", ["", "session-token"])
@pytest.mark.parametrize(
    ("service", "method", "url", "body"),
    [
        ("events", "POST", "https://events.eu-west-1.amazonaws.com/", b'{"Entries": []}'),
        ("states", "POST", "http://127.0.0.1:4570/", b"{}"),
        ("execute-api", "POST", "https://a.example.com/live/%40connections/Ab%3D", b"{}"),
        ("s3", "GET", "https://s3.eu-west-1.amazonaws.com/bucket/bars/daily/AAPL.csv", b""),
    ],
)
def test_headers_carry_the_signature_that_botocore_makes(
    service: str, method: str, url: str, body: bytes, token: str
) -> None:
    headers = {"x-amz-target": "A.B"} if method == "POST" else {}
    request = AWSRequest(method, url, dict(headers), body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(BotoCredentials("AKID", "secret", token or None), service, "eu-west-1").add_auth(request)

    ours = signed_headers(
        method,
        url,
        headers,
        body,
        Credentials("AKID", "secret", token),
        Scope(service, "eu-west-1", AT),
    )

    assert (
        ours["Authorization"].split("Signature=")[1]
        == (request.headers["Authorization"].split("Signature=")[1])
    )


def test_a_database_token_is_the_one_that_botocore_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client(
        "rds", region_name="eu-west-1", aws_access_key_id="AKID", aws_secret_access_key="secret"
    )
    theirs = client.generate_db_auth_token("proxy.test", 5432, "bifrost_risk")

    ours = database_token(
        "proxy.test",
        5432,
        "bifrost_risk",
        Credentials("AKID", "secret"),
        Scope("rds-db", "eu-west-1", AT),
    )

    assert dict(parse_qsl(urlsplit(f"//{ours}").query)) == dict(
        parse_qsl(urlsplit(f"//{theirs}").query)
    )


@pytest.mark.parametrize("headers", [{}, {"content-length": "1234"}], ids=["any", "1234 bytes"])
@pytest.mark.parametrize("token", ["", "session-token"])
@pytest.mark.parametrize("host", ["https://s3.eu-west-1.amazonaws.com", "http://127.0.0.1:4570"])
def test_an_address_for_a_file_is_the_one_that_botocore_makes(
    host: str, token: str, headers: dict[str, str]
) -> None:
    url = f"{host}/bucket/uploads/i-1/0001-aapl.csv"
    request = AWSRequest("PUT", url, headers=dict(headers))
    credentials = BotoCredentials("AKID", "secret", token or None)
    S3SigV4QueryAuth(credentials, "s3", "eu-west-1", expires=900).add_auth(request)

    ours = presigned_url(
        "PUT",
        url,
        headers,
        900,
        Credentials("AKID", "secret", token),
        Scope("s3", "eu-west-1", AT),
    )

    theirs = dict(parse_qsl(urlsplit(request.url).query))
    assert dict(parse_qsl(urlsplit(ours).query)) == theirs
