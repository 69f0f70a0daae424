"""Files of one import that tell other numbers of one bar: nothing says which of them is true.

Of two such rows of one file both are refused. Of two files the first is stored already; the later
is refused whole, because most likely its bars are of another instrument than it was sent under.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.files.ports import UploadTransaction
from bifrost.data.files.uploads import ToldRange, UploadedFile
from bifrost.data.series.columns import BarColumns, instant_of
from bifrost.data.series.ports import SeriesKey

Told: TypeAlias = Sequence[tuple[SeriesKey, BarColumns]]


def range_of(told: Told) -> ToldRange | None:
    """Return of which bars a file told; None where it told none."""
    filled = [(key, bars) for key, bars in told if len(bars)]
    if not filled:
        return None
    return ToldRange(
        tuple(f"{key.instrument} {key.timeframe}" for key, _ in filled),
        min(int(bars.starts_at[0]) for _, bars in filled),
        max(int(bars.starts_at[-1]) for _, bars in filled),
    )


def refuse_contradictions(
    books: UploadTransaction,
    file: UploadedFile,
    told: Told,
    read_again: Callable[[UploadedFile], Told],
) -> None:
    """Raise InvalidInputError where another file of the import told one of these bars otherwise.

    Called once the instruments' listings are locked: of two files that come at once the later
    one finds the other done.
    """
    asked = range_of(told)
    if asked is None:
        return
    for other in books.same_bars(file, asked):
        for key, bars in told:
            for theirs in (one for also, one in read_again(other) if also == key):
                _refuse(file, other, key, _differing(bars, theirs))


def _differing(bars: BarColumns, theirs: BarColumns) -> Iterable[int]:
    """Return where the bars begin that both have, and of which one number or more differs."""
    both, mine, other = np.intersect1d(
        bars.starts_at, theirs.starts_at, assume_unique=True, return_indices=True
    )
    pairs = zip(bars.take(mine).columns(), theirs.take(other).columns(), strict=True)
    differs = np.logical_or.reduce([one != also for one, also in pairs])
    return [int(at) for at in both[differs]]


def _refuse(
    file: UploadedFile, other: UploadedFile, key: SeriesKey, differing: Iterable[int]
) -> None:
    places = list(differing)
    if not places:
        return
    first = f"{instant_of(places[0]):%Y-%m-%d %H:%M} UTC"
    raise InvalidInputError(
        FieldProblem(
            "file",
            f"{file.declared.name} and {other.declared.name} of one import tell other numbers of"
            f" {len(places)} {key.timeframe} bars of {key.instrument}, the first of {first}:"
            " nothing says which are true",
            "send another instrument's file under its own name; of one instrument's, import the"
            " right one alone",
        )
    )
