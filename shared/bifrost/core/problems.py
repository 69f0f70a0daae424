"""The catalogue of problems: what each `type` URL of a problem+json means and what to do next.

RFC 9457. `runtime.problems` answers with them, `gateway` serves a page for each.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem: its slug in the URL, its status, and the words of its page."""

    slug: str
    status: int
    title: str
    cause: str
    next_step: str


PROBLEMS: dict[str, ProblemKind] = {
    "InvalidInputError": ProblemKind(
        "invalid-input",
        422,
        "The input cannot be read",
        "A field is missing, unknown, of the wrong type, or outside its range.",
        "Read `errors`: each names its field and its fix. Nothing was written.",
    ),
    "UnreadableBodyError": ProblemKind(
        "unreadable-body",
        400,
        "The body is not JSON",
        "The body does not parse as JSON in UTF-8.",
        "Send a JSON object with `Content-Type: application/json`. Nothing was written.",
    ),
    "BodyTooLargeError": ProblemKind(
        "body-too-large",
        413,
        "The body is too large",
        "No request to this API needs more than 64 KiB.",
        "Send a smaller body. Nothing was read or written.",
    ),
    "UnauthenticatedError": ProblemKind(
        "unauthenticated",
        401,
        "The token is missing, expired or not ours",
        "The Authorization header holds no bearer token that this desk's user pool signed,"
        " or its time is over.",
        "Sign in again (`bifrost token` prints a fresh one) and repeat the request.",
    ),
    "ForbiddenError": ProblemKind(
        "forbidden",
        403,
        "You may not do this",
        "The operation needs a group that your user is not in.",
        "Ask an administrator of the desk to do it or to add you to the group.",
    ),
    "NotFoundError": ProblemKind(
        "not-found",
        404,
        "There is no such thing here",
        "The id is unknown, or belongs to somebody else. A resource made a second ago may still"
        " be on its way to this capability.",
        "Check the id; list what you have; repeat in a second if it was just created.",
    ),
    "MethodNotAllowedError": ProblemKind(
        "method-not-allowed",
        405,
        "This address does not take that method",
        "The path exists, the method does not.",
        "See the API's document at /v1/openapi.json.",
    ),
    "NotAcceptableError": ProblemKind(
        "not-acceptable",
        406,
        "It is not written in a form that you take",
        "The `Accept` header names no media type that this address answers with.",
        "Accept one of the types that the detail names, or leave the header out for JSON.",
    ),
    "ConflictError": ProblemKind(
        "conflict",
        409,
        "Its state does not allow this",
        "It changed since you read it, or has already ended.",
        "Read it again and decide anew.",
    ),
    "KeyReusedError": ProblemKind(
        "idempotency-key-reused",
        422,
        "This Idempotency-Key stands for another request",
        "The same key came before with another body. The first request's outcome stands.",
        "Send a new key for a new request, or the same body for the same one.",
    ),
    "PreconditionFailedError": ProblemKind(
        "precondition-failed",
        412,
        "It has another version by now",
        "`If-Match` names a version that is no longer the newest: somebody changed it since.",
        "Read it again, decide anew, and send the `ETag` of that answer. Nothing was written.",
    ),
    "PreconditionRequiredError": ProblemKind(
        "precondition-required",
        428,
        "Say which version you change",
        "The request changes something that others may have changed since you read it.",
        "Read it and send its `ETag` as `If-Match`; `*` stands for whichever version there is.",
    ),
    "RefusedError": ProblemKind(
        "refused",
        422,
        "A rule of the desk said no",
        "One or more limits or rules were broken; nothing was done.",
        "Read `reasons`: each names its rule, its limit and what would still have passed.",
    ),
    "UnavailableError": ProblemKind(
        "unavailable",
        503,
        "Something this needs did not answer",
        "The database, a queue, a workflow or the venue did not answer in time.",
        "Repeat the request with the same Idempotency-Key; it cannot happen twice.",
    ),
    "BusyError": ProblemKind(
        "busy",
        503,
        "Somebody else is at work on this",
        "Another booking, or a long correction, holds the account.",
        "Repeat the request in a minute with the same Idempotency-Key; it cannot happen twice.",
    ),
    "OutcomeUnknownError": ProblemKind(
        "outcome-unknown",
        504,
        "It was sent and no answer came",
        "The venue may or may not have it. The desk is looking it up and sends nothing twice.",
        "Read the order again in a minute; do not place another one for the same purpose.",
    ),
    "InternalError": ProblemKind(
        "internal",
        500,
        "A fault of ours",
        "The desk met a case it does not handle. It is logged under the correlation id.",
        "Repeat with the same Idempotency-Key; if it stays, report the correlation id.",
    ),
}
