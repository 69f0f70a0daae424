"""Texts that people write and others read: one line, as it looks."""

from typing import Annotated

from pydantic import StringConstraints

from bifrost.core.written import ONE_LINE

# Why somebody did something. Blanks around it go.
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=ONE_LINE)
]
