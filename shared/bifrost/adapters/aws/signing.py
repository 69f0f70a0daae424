"""AWS Signature Version 4 over the standard library.

botocore signs too, and importing it costs about 90 ms of every cold start; these are the forty
lines that the hot path needs of it. The tests hold it to botocore's own signatures.
Source: AWS General Reference, "Create a signed AWS API request".
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs; `token` is empty for long-lived keys."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for: one service in one region, at one instant."""

    service: str
    region: str
    at: datetime

    @property
    def stamp(self) -> str:
        """The instant as AWS writes it."""
        return self.at.strftime("%Y%m%dT%H%M%SZ")

    @property
    def name(self) -> str:
        """The credential scope."""
        return f"{self.stamp[:8]}/{self.region}/{self.service}/aws4_request"


def signed_headers(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
    credentials: Credentials,
    scope: Scope,
) -> dict[str, str]:
    """Return `headers` with host, date, token and Authorization; `url` carries no query."""
    parts = urlsplit(url)
    payload = hashlib.sha256(body).hexdigest()
    all_headers = {**headers, "host": parts.netloc, "x-amz-date": scope.stamp}
    if scope.service == "s3":
        all_headers["x-amz-content-sha256"] = payload
    if credentials.token:
        all_headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(name.lower() for name in all_headers))
    path = parts.path or "/"
    if scope.service != "s3":
        # Every service but S3 encodes the encoded path once more.
        path = quote(path, safe="/-_.~")
    canonical = _canonical_request(method, path, "", all_headers, payload)
    signature = _signature(canonical, credentials, scope)
    all_headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope.name},"
        f" SignedHeaders={names}, Signature={signature}"
    )
    return all_headers


def presigned_url(
    method: str,
    url: str,
    headers: dict[str, str],
    expires_seconds: int,
    credentials: Credentials,
    scope: Scope,
) -> str:
    """Return a URL that whoever has it may call once or often until it expires; it has no query.

    headers: in small letters; the call must carry them as they are. The body is not signed: who
    signs does not know it yet.
    """
    parts = urlsplit(url)
    headers = {**headers, "host": parts.netloc}
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key}/{scope.name}",
        "X-Amz-Date": scope.stamp,
        "X-Amz-Expires": str(expires_seconds),
        "X-Amz-SignedHeaders": ";".join(sorted(headers)),
    }
    if credentials.token:
        query["X-Amz-Security-Token"] = credentials.token
    encoded = _encoded(query)
    canonical = _canonical_request(method, parts.path or "/", encoded, headers, "UNSIGNED-PAYLOAD")
    return f"{url}?{encoded}&X-Amz-Signature={_signature(canonical, credentials, scope)}"


def database_token(host: str, port: int, user: str, credentials: Credentials, scope: Scope) -> str:
    """Return an RDS IAM authentication token: a presigned `connect`, good for 15 minutes."""
    query = {
        "Action": "connect",
        "DBUser": user,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key}/{scope.name}",
        "X-Amz-Date": scope.stamp,
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.token:
        query["X-Amz-Security-Token"] = credentials.token
    encoded = _encoded(query)
    nothing = hashlib.sha256(b"").hexdigest()
    canonical = _canonical_request("GET", "/", encoded, {"host": f"{host}:{port}"}, nothing)
    return f"{host}:{port}/?{encoded}&X-Amz-Signature={_signature(canonical, credentials, scope)}"


def _encoded(query: dict[str, str]) -> str:
    return "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(query.items()))


def _canonical_request(
    method: str, path: str, query: str, headers: dict[str, str], payload: str
) -> str:
    lines = sorted((name.lower(), value.strip()) for name, value in headers.items())
    names = ";".join(name for name, _ in lines)
    block = "".join(f"{name}:{value}\n" for name, value in lines)
    return "\n".join((method, path, query, block, names, payload))


def _signature(canonical: str, credentials: Credentials, scope: Scope) -> str:
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", scope.stamp, scope.name, digest))
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.name.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
