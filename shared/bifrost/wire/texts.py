"""Texts that people write and others read: one line, as it looks."""

from typing import Annotated

from pydantic import StringConstraints

# Control characters, line breaks of every kind, and signs that turn the direction of what follows:
# on a terminal the first move the cursor and the last let a text say another thing than it holds.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+$"

# Why somebody did something. Blanks around it go.
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=ONE_LINE)
]
