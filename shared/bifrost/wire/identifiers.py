"""How an id is written in an address or a body: ours, and those that callers and venues choose."""

from typing import Annotated

from pydantic import Field

ID_PATTERN = r"^[A-Za-z0-9._:-]{1,128}$"
Identifier = Annotated[str, Field(pattern=ID_PATTERN)]
