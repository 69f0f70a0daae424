"""Which instruments have to do with one another: a stock, options on it, and what became of it."""

from collections import defaultdict
from collections.abc import Iterable

from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.kept import Act


class Families:
    """Instruments joined by spin-offs, mergers and renames."""

    def __init__(self, acts: Iterable[Act]) -> None:
        self._joined: dict[str, str] = {}
        self._acts: dict[str, list[Act]] = defaultdict(list)
        known = list(acts)
        for act in known:
            one = self._first(act.action.instrument)
            other = self._first(act.action.new_instrument or one)
            if one != other:
                self._joined[max(one, other)] = min(one, other)
        for act in known:
            self._acts[self._first(act.action.instrument)].append(act)

    def of(self, instrument: str) -> str:
        """Name an instrument's family."""
        return self._first(security_of(instrument).underlying)

    def acts_of(self, family: str) -> tuple[Act, ...]:
        """Return the actions on its members."""
        return tuple(self._acts.get(family, ()))

    def _first(self, name: str) -> str:
        while name in self._joined:
            name = self._joined[name]
        return name
