"""Which form of a table a caller wants (RFC 9110, 12.5.1), and whether he has it already."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from bifrost.runtime.tables import Table, to_arrow, to_csv, to_parquet

JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
# The first is what a caller gets who takes anything.
MEDIA_TYPES = (JSON, CSV, ARROW, PARQUET)

# For a route's `responses`: what its 200 may be.
OFFERED: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {} for media in MEDIA_TYPES[1:]}}
}

_WRITERS: dict[str, Callable[[Table], bytes]] = {
    CSV: to_csv,
    ARROW: to_arrow,
    PARQUET: to_parquet,
}
_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)
_FOREVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a table.

    json: its JSON, as UTF-8. next_address: where the page after it is; None at the end.
    is_final: no later fact can change it.
    """

    table: Callable[[], Table]
    json: Callable[[], bytes]
    next_address: str | None = None
    is_final: bool = False


def preferred(accept: str) -> str:
    """Return the media type of ours that an `Accept` header likes best; the first of equals.

    Raises HTTPException 406 where it takes none of them.
    """
    ranges = [_media_range(text) for text in accept.split(",") if text.strip()]
    if not ranges:
        return JSON
    liked = {media: _liking(media, ranges) for media in MEDIA_TYPES}
    best = max(MEDIA_TYPES, key=lambda media: liked[media])
    if not liked[best]:
        said = accept[:100]
        raise HTTPException(406, f"Accept takes {said!r}; there is {', '.join(MEDIA_TYPES)}")
    return best


def answer(request: Request, page: Page) -> Response:
    """Answer with the page in the form that the caller likes best, or 304 where he has it.

    The tag is weak: gzip may still change the bytes, not what they say.
    """
    media = preferred(request.headers.get("accept", ""))
    body = page.json() if media == JSON else _WRITERS[media](page.table())
    tag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {
        "ETag": tag,
        "Cache-Control": _FOREVER if page.is_final else _ASK_AGAIN,
        "Vary": "Accept",
    }
    if page.next_address is not None:
        headers["Link"] = f'<{page.next_address}>; rel="next"'
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media, headers=headers)


def next_address(request: Request, cursor: str | None) -> str | None:
    """Return where the page after this one is: the same question, with the cursor."""
    if cursor is None:
        return None
    return f"{request.scope['path']}?{urlencode(dict(request.query_params) | {'cursor': cursor})}"


def _has(if_none_match: str, tag: str) -> bool:
    tags = {one.strip() for one in if_none_match.split(",")}
    return "*" in tags or tag in tags or tag.removeprefix("W/") in tags


def _media_range(text: str) -> tuple[str, float]:
    """Read `text/csv;q=0.5`; what cannot be read is liked as if nothing were said of it."""
    media, *parameters = text.split(";")
    found = [match for one in parameters if (match := _QUALITY.fullmatch(one))]
    return media.strip().lower(), float(found[0][1]) if found else 1.0


def _liking(media: str, ranges: list[tuple[str, float]]) -> float:
    """Return the quality that the most exact range gives to it; 0 is "not that"."""
    family = media.split("/", maxsplit=1)[0] + "/*"
    for pattern in (media, family, "*/*"):
        found = [quality for one, quality in ranges if one == pattern]
        if found:
            return max(found)
    return 0.0
