"""Returns: what a portfolio earned, from a file of its flows and values, which needs no stack, or
from the desk's own books.
"""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from bifrost.cli.inputs import option
from bifrost.cli.output import AsJson, show_json, show_table

if TYPE_CHECKING:
    from bifrost.portfolio.returns.benchmark import Level
    from bifrost.portfolio.returns.series import Series

T = TypeVar("T")

_SAYS = {
    "twr": "time-weighted, whole range",
    "mwr": "money-weighted, per year",
    "modified_dietz": "Modified Dietz, whole range",
}
_UNKNOWN = {
    "unvalued": "worth unknown in",
    "unpriced": "without a price or a rate",
    "unattributed": "traded by several when the issuer acted, so not known whose",
}


def returns(
    flows: Annotated[
        str | None, option(says="CSV of date,flow,value, and fee if there is any.")
    ] = None,
    portfolio: Annotated[
        str | None, option(says="Instead of a file: a portfolio or a strategy of the desk.")
    ] = None,
    benchmark: Annotated[
        str | None,
        option(says="CSV of date,value to compare with; of a portfolio, an instrument."),
    ] = None,
    first: Annotated[str | None, option("--from", says="First day, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, option("--to", says="Last day, YYYY-MM-DD.")] = None,
    linked: Annotated[
        str | None, option(says="Also link Modified Dietz by month, quarter or year.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time-weighted, money-weighted and Modified Dietz returns: of a file, or of a portfolio.

    flow is paid in (or, negative, out) at the start of its day, value is at the end; rows may be
    on any dates, oldest first. A first row without a flow is what the portfolio was worth before.

    twr and modified_dietz are of the whole range, not annualised; mwr is a yearly rate
    (XIRR, Actual/365). What cannot be computed is null, and `failures` says why.

    A column fee (paid on that day, before value was struck) adds the returns gross of fees.

    A portfolio is valued at the close of each session and linked at each flow; what it returned
    gross of fees stands beside. A strategy has no cash: what it buys counts from the start of its
    session, what it sells or is paid leaves at the end.

    Example: bifrost returns --flows flows.csv
    """
    if portfolio is not None:
        _require_alone(flows, linked)
        _tell_of_books(portfolio, first, last, benchmark, as_json=as_json)
    elif flows is not None:
        _tell_of_file(flows, benchmark, (first, last), linked, as_json=as_json)
    else:
        fix = "name a CSV of date,flow,value; or, by --portfolio, a portfolio of the desk"
        raise _invalid("--flows", "is missing", fix)


def _tell_of_file(
    flows: str,
    benchmark: str | None,
    between: tuple[str | None, str | None],
    linked: str | None,
    *,
    as_json: bool,
) -> None:
    from bifrost.portfolio.returns.files import read_benchmark, read_flows

    read = _read("--flows", flows, read_flows)
    levels = None if benchmark is None else _read("--benchmark", benchmark, read_benchmark)
    first, last = between
    series = _cut(read.series, _day("--from", first), _day("--to", last))
    answer = _measured(series)
    if linked is not None:
        answer |= _linked(series, linked)
    if read.has_fees:
        answer["gross"] = _gross(series)
    if levels is not None:
        answer["benchmark"] = _beside(series, levels)
    if between != (None, None):
        answer |= {"opened_on": str(series.opened_on), "closed_on": str(series.closed_on)}
    show = _without_failures(answer)
    show_json(show) if as_json else _show(show, series.opened_on, series.closed_on)


def _tell_of_books(
    portfolio: str, first: str | None, last: str | None, benchmark: str | None, *, as_json: bool
) -> None:
    from bifrost.cli.performance import returns_of

    for name, text in (("--from", first), ("--to", last)):
        _day(name, text)
    answer = returns_of(portfolio, first, last, benchmark)
    if as_json:
        show_json(answer)
        return
    _show(answer, answer["opened_on"], answer["closed_on"])
    for name, said in _UNKNOWN.items():
        if names := answer.get(name):
            print(f"{said}: {', '.join(names)}")


def _require_alone(flows: str | None, linked: str | None) -> None:
    if flows is not None:
        raise _invalid("--portfolio", "comes with --flows", "give one of the two")
    if linked is not None:
        raise _invalid("--linked", "is of a file of flows", "leave it out")


def _measured(series: "Series") -> dict[str, Any]:
    from bifrost.portfolio.returns.modified_dietz import modified_dietz
    from bifrost.portfolio.returns.money_weighted import money_weighted
    from bifrost.portfolio.returns.time_weighted import time_weighted

    return {
        "twr": time_weighted(series),
        "mwr": money_weighted(series),
        "modified_dietz": modified_dietz(series),
    }


def _gross(series: "Series") -> dict[str, Any]:
    from bifrost.portfolio.returns.series import gross_of_fees

    return _without_failures(_measured(gross_of_fees(series)))


def _linked(series: "Series", period: str) -> dict[str, Any]:
    from bifrost.portfolio.returns import modified_dietz as dietz

    periods = {"month": dietz.by_month, "quarter": dietz.by_quarter, "year": dietz.by_year}
    if period not in periods:
        raise _invalid("--linked", f"{period!r} is no period", f"use {', '.join(periods)}")
    return {"modified_dietz_linked": dietz.modified_dietz_linked(series, periods[period])}


def _beside(series: "Series", levels: "Sequence[Level]") -> Any:
    from bifrost.portfolio.returns.benchmark import compare
    from bifrost.portfolio.returns.failures import Failure

    found = compare(series, levels)
    if isinstance(found, Failure):
        return found
    return _without_failures(
        {
            "opened_on": str(found.opened_on),
            "closed_on": str(found.closed_on),
            "portfolio": found.portfolio,
            "twr": found.benchmark,
            "excess": found.excess,
            "excess_geometric": found.excess_geometric,
            "tracking_error": found.tracking_error,
        }
    )


def _without_failures(found: dict[str, Any]) -> dict[str, Any]:
    """Put null where a measure failed, and beside all of them why."""
    from bifrost.portfolio.returns.failures import Failure

    failures = {}
    for name, one in found.items():
        if isinstance(one, Failure):
            rates = {"rates": one.rates} if one.rates else {}
            failures[name] = {"cause": one.cause, "message": one.message, **rates}
    known = {name: None if name in failures else one for name, one in found.items()}
    return known | ({"failures": failures} if failures else {})


def _show(answer: dict[str, Any], opened_on: date | str, closed_on: date | str) -> None:
    print(f"from the end of {opened_on} to the end of {closed_on}")
    rows = [
        {"measure": f"{_SAYS.get(name, name.replace('_', ' '))}{suffix}", "return": _percent(one)}
        for suffix, group in _groups(answer)
        for name, one in group.items()
        if one is None or isinstance(one, float)
    ]
    show_table(rows, ("measure", "return"), empty="")
    said: dict[str, list[str]] = {}
    for suffix, group in _groups(answer):
        for name, failure in group.get("failures", {}).items():
            said.setdefault(failure["message"], []).append(f"{_SAYS.get(name, name)}{suffix}")
    for message, measures in said.items():
        print(f"{'; '.join(measures)}: {message}")


def _groups(answer: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The answer, and what stands inside it under a name of its own."""
    inner = [(name, answer[name]) for name in ("gross", "benchmark") if answer.get(name)]
    return [("", answer), *((f" ({name})", group) for name, group in inner)]


def _percent(number: float | None) -> str | None:
    return None if number is None else f"{number:+.6%}"


def _cut(series: "Series", first: date | None, last: date | None) -> "Series":
    from bifrost.portfolio.returns.series import part

    if first is not None and last is not None and first > last:
        raise _invalid("--to", f"{last} is before {first}", "end the range after it begins")
    cut = part(series, first or date.min, last or date.max)
    if series.days and not cut.days:
        raise _invalid(
            "--from",
            f"no valuation lies between {first or 'the beginning'} and {last or 'the end'}",
            f"the file goes from {series.days[0].on} to {series.closed_on}",
        )
    return cut


def _day(name: str, text: str | None) -> date | None:
    from bifrost.core.written import day_of

    if text is None:
        return None
    day = day_of(text)
    if day is None:
        raise _invalid(name, f"{text!r} is no date", "write YYYY-MM-DD")
    return day


def _read(name: str, path: str, read: Callable[[str], T]) -> T:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise _invalid(name, f"{path} cannot be read: {reason}", "name a CSV file") from error
    return read(text)


def _invalid(field: str, message: str, fix: str) -> Exception:
    from bifrost.core.errors import FieldProblem, InvalidInputError

    return InvalidInputError(FieldProblem(field, message, fix))
