"""Which methods an address takes, by the API's own document: what else comes there is a 405."""

import json
import re
from dataclasses import dataclass

PARAMETER = re.compile(r"\{[^{}]+\}")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Every documented path as a pattern, with its methods."""

    known: tuple[tuple[re.Pattern[str], frozenset[str]], ...]

    @classmethod
    def of(cls, document: bytes) -> "Addresses":
        """Read an OpenAPI document."""
        paths = json.loads(document)["paths"]
        return cls(
            tuple(
                (_pattern(path), frozenset(method.upper() for method in operations))
                for path, operations in paths.items()
            )
        )

    def methods_at(self, path: str) -> list[str]:
        """Return the methods that the path takes, sorted; none where nothing is."""
        return sorted(
            {method for pattern, them in self.known if pattern.fullmatch(path) for method in them}
        )


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in PARAMETER.split(path)))
