"""The desk's HTTP API, as the command line and the demo call it."""

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from bifrost.core.errors import (
    BifrostError,
    FieldProblem,
    InvalidInputError,
    OutcomeUnknownError,
    UnavailableError,
)

_TIMEOUT_SECONDS = 70
_ADDRESS = re.compile(r"/v1(/[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,127})+")


class ApiError(BifrostError):
    """The API answered no; `problem` is its problem+json."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        lines = [f"{problem.get('title', status)}: {problem.get('detail', problem)}"]
        for error in problem.get("errors", []):
            lines.append(f"  {error['field']}: {error['message']}; {error['fix']}")
        lines += [f"  {reason['message']}" for reason in problem.get("reasons", [])]
        super().__init__("\n".join(lines))
        self.status = status
        self.problem = problem


class Api:
    """Calls the API as one user."""

    def __init__(self, base_url: str, token: str) -> None:
        import httpx

        try:
            self._client = httpx.Client(
                base_url=base_url,
                timeout=_TIMEOUT_SECONDS,
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise _unsendable(error) from None
        self.base_url = base_url

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def get(self, path: str, **params: Any) -> Any:
        """Read; parameters that are None are left out."""
        return self._call("GET", path, params={k: v for k, v in params.items() if v is not None})

    def post(
        self, path: str, body: Any = None, *, key: str | None = None, version: int | None = None
    ) -> Any:
        """Do; `key` is the Idempotency-Key, `version` what the change is meant for."""
        headers = _if_match(version) if key is None else {"Idempotency-Key": key}
        return self._call("POST", path, json=body, headers=headers)

    def put(self, path: str, body: Any, *, version: int | None = None) -> Any:
        """Replace; `version` is what was read before."""
        return self._call("PUT", path, json=body, headers=_if_match(version))

    def patch(self, path: str, body: Any, *, version: int) -> Any:
        """Change a part."""
        return self._call("PATCH", path, json=body, headers=_if_match(version))

    def delete(self, path: str, *, version: int | None = None) -> Any:
        """Remove; return it as it was."""
        return self._call("DELETE", path, headers=_if_match(version))

    def pages(self, path: str, most: int, **params: Any) -> Iterator[Any]:
        """Read a list page by page, `most` items at the most."""
        cursor = None
        while most > 0:
            page = self.get(path, limit=min(most, 100), cursor=cursor, **params)
            yield from page["items"]
            most -= len(page["items"])
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def _call(self, method: str, path: str, **request: Any) -> Any:
        import httpx

        if not _ADDRESS.fullmatch(path):
            # An id with "/", ".." or "?" in it would be another address, or another server's.
            fix = "letters, digits and . _ : - make an id"
            raise InvalidInputError(FieldProblem("id", f"{path!r} is no address of the API", fix))
        try:
            answer = self._client.request(method, path, **request)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError) as error:
            raise _unsendable(error) from None
        except httpx.TransportError as error:
            raise UnavailableError(
                f"{self.base_url} does not answer ({error!r}); is the stack up? try `bifrost up`"
            ) from error
        if not answer.is_success:
            raise ApiError(answer.status_code, _problem(answer.status_code, answer.text))
        try:
            return answer.json()
        except ValueError:
            raise UnavailableError(
                f"what answers at {self.base_url} is not the desk's API; see BIFROST_API"
            ) from None


def wait_for(what: str, attempt: Callable[[], Any], *, seconds: float = 30) -> Any:
    """Repeat a read until it answers something true, which is returned.

    Facts travel between capabilities as events and take a moment. Raises OutcomeUnknownError
    when the time is over.
    """
    deadline = time.monotonic() + seconds
    pause = 0.05
    while True:
        found = attempt()
        if found:
            return found
        if time.monotonic() > deadline:
            raise OutcomeUnknownError(
                f"{what} did not happen within {seconds:g} s;"
                " see `bifrost logs` and `bifrost dlq list`"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


def found_or_none(read: Callable[[], Any]) -> Any:
    """Read what may not have arrived yet: None where the API says 404."""
    try:
        return read()
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}


def _unsendable(error: Exception) -> InvalidInputError:
    fix = "ids, keys, tokens and addresses are printable ASCII; text is valid Unicode"
    return InvalidInputError(FieldProblem("input", f"cannot be sent: {error}", fix))


def _problem(status: int, text: str) -> dict[str, Any]:
    try:
        problem = json.loads(text)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        said = text[:300] or "it said no more; see `bifrost status` and `bifrost logs`"
        return {"status": status, "detail": said}
    if "title" not in problem and "message" in problem:  # API Gateway's own refusals
        return {"status": status, "title": problem["message"], "detail": "see `bifrost token`"}
    return problem
