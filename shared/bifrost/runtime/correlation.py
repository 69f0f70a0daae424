"""The correlation id: one name for a request, from the HTTP call to the last listener."""

import re
from contextvars import ContextVar

from bifrost.adapters.ids import RandomIds

_current: ContextVar[str] = ContextVar("correlation_id", default="")
_ACCEPTED = re.compile(r"[A-Za-z0-9._=+/-]{1,128}")


def correlation_id() -> str:
    """Return the id of what is being done now."""
    return _current.get()


def correlate(given: str | None) -> str:
    """Take the caller's id if it is one, else make one up; it holds until the next call."""
    chosen = given if given and _ACCEPTED.fullmatch(given) else RandomIds().new()
    _current.set(chosen)
    return chosen
