"""What can go wrong, as the caller sees it.

    BifrostError
    ├── InvalidInputError       the caller's input cannot be read; names each field and its fix
    ├── NotFoundError           the caller named something that is not there, or not theirs
    ├── ForbiddenError          the caller is known and may not
    ├── UnauthenticatedError    the caller is not known
    ├── ConflictError           it changed, or its state does not allow this
    │   ├── KeyReusedError      an Idempotency-Key came again with another body
    │   └── PreconditionFailedError     it has another version than the change was meant for
    ├── PreconditionRequiredError   a change has to say which version it is meant for
    ├── RefusedError            a rule said no to something that is not an order; every reason
    ├── UnavailableError        a dependency did not answer; the same call may succeed later
    │   └── BusyError           somebody else holds what this needs for longer than it may wait
    └── OutcomeUnknownError     something was sent and no answer came: never send again, look it up

`runtime.problems` maps these to problem+json and `stepfunctions/*.asl.json` names them in
`Retry` and `Catch`. An order refused by a rule is not an error: see `core.decisions`.
"""

from dataclasses import dataclass

from bifrost.core.decisions import Reason


class BifrostError(Exception):
    """Base of every error raised on purpose."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that cannot be accepted: where, what is wrong, what to do."""

    field: str
    message: str
    fix: str


class InvalidInputError(BifrostError):
    """The caller's input cannot be read; every problem found is named."""

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


def not_a_cursor() -> InvalidInputError:
    """Say that the cursor of a list is none of ours."""
    return InvalidInputError(
        FieldProblem("cursor", "it is not a cursor", "send `next_cursor` as it came")
    )


class NotFoundError(BifrostError):
    """The caller named something that is not there, or not theirs."""


class ForbiddenError(BifrostError):
    """The caller is known and may not do this."""


class UnauthenticatedError(BifrostError):
    """The caller's token is missing, expired or not ours."""


class ConflictError(BifrostError):
    """It changed since the caller read it, or its state does not allow this."""


class KeyReusedError(ConflictError):
    """An Idempotency-Key came again with another body."""


class PreconditionFailedError(ConflictError):
    """It has another version by now than the one that the change was meant for."""


class PreconditionRequiredError(BifrostError):
    """A change has to say which version it is meant for, and does not."""


class RefusedError(BifrostError):
    """A rule said no to something that is not an order (a withdrawal); every reason is kept."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__("refused by " + ", ".join(reason.rule for reason in reasons))
        self.reasons = reasons


class UnavailableError(BifrostError):
    """A dependency did not answer; the same call may succeed later."""


class BusyError(UnavailableError):
    """Somebody else holds what this needs for longer than it may wait."""


class OutcomeUnknownError(BifrostError):
    """Something was sent and no answer came; only a look-up may settle it."""
