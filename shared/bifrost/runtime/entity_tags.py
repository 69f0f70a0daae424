"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1): who changes a thing says which version it read.

The tag is the version in quotes. It stands for what a caller can change: a portfolio's worth
moves with the market under the same tag, so nothing that carries one may be stored by a cache.
"""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from bifrost.core.errors import FieldProblem, InvalidInputError, PreconditionRequiredError
from bifrost.core.versions import ANY, Expected

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_TAGS = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")
# Ours are short; a weak one never matches, which is what If-Match asks of it.
_OURS = re.compile(r'(?<!W/)"([1-9][0-9]{0,9})"')


def entity_tag(version: int) -> str:
    """Write a version as its tag."""
    return f'"{version}"'


def tag(response: Response, version: int) -> None:
    """Let the answer carry the tag of what it shows."""
    response.headers["ETag"] = entity_tag(version)
    response.headers["Cache-Control"] = "no-store"


def _expected(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=1000,
            description="The `ETag` that you read, in its quotes; `*` for whichever there is."
            " Without it the answer is 428, with another's 412.",
        ),
    ] = None,
) -> Expected:
    if if_match is None:
        raise PreconditionRequiredError("send `If-Match` with the `ETag` that you read, or `*`")
    if if_match.strip() == "*":
        return ANY
    if not _TAGS.fullmatch(if_match):
        fix = 'send the `ETag` as it came, in its quotes, such as "3"'
        raise InvalidInputError(FieldProblem("If-Match", "is no entity tag", fix))
    return Expected(frozenset(int(number) for number in _OURS.findall(if_match)))


IfMatch = Annotated[Expected, Depends(_expected)]
