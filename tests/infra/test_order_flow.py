"""The order flow compensates every refusal and failure, sends once, and previews without a trace.

Each test runs the file that is deployed, on the local emulator, against scripted functions.
"""

from typing import Any

import pytest

from tests.infra.workflow_bench import Answer, WorkflowBench

ACCEPTED: Answer = {"accepted": True, "reasons": []}
REFUSED: Answer = {"status": "refused", "reasons": []}
ORDER = {"order_id": "o-1", "instrument": "AAPL"}


def refused(*rules: str) -> Answer:
    """Answer as a check that refuses for these rules."""
    return {"accepted": False, "reasons": [{"rule": rule} for rule in rules]}


def raised(name: str) -> Answer:
    """Answer by raising an exception of this class."""
    return {"raise": name}


def answers(**changes: list[Answer]) -> dict[str, list[Answer]]:
    """Build the script of an order that goes through, with some answers changed."""
    usual: dict[str, list[Answer]] = {
        "risk.check_and_reserve": [ACCEPTED],
        "compliance.check": [ACCEPTED],
        "execution.check_gate": [ACCEPTED],
        "execution.submit": [{"status": "accepted", "reasons": []}],
        "risk.release": [{}],
        "execution.refuse": [REFUSED],
    }
    return {**usual, **{name.replace("__", "."): given for name, given in changes.items()}}


def rules(output: Any) -> list[str]:
    """List the rules of the output's reasons."""
    return [reason["rule"] for reason in output["reasons"]]


@pytest.fixture
def live(workflow_bench: WorkflowBench) -> Any:
    """Run a live order with some answers changed."""
    return lambda **changes: workflow_bench.run(
        "order_flow", {"order": ORDER, "mode": "live"}, answers(**changes)
    )


@pytest.fixture
def preview(workflow_bench: WorkflowBench) -> Any:
    """Run a preview with some answers changed."""
    return lambda **changes: workflow_bench.run(
        "order_flow", {"order": ORDER, "mode": "preview"}, answers(**changes)
    )


def test_an_order_that_every_check_accepts_is_submitted_once(live: Any) -> None:
    run = live()

    assert run.called == ["risk.check_and_reserve", "compliance.check", "execution.submit"]
    assert run.output == {"order_id": "o-1", "status": "accepted", "reasons": []}
    assert run.told("risk.check_and_reserve") == {"order": ORDER, "mode": "live"}
    assert run.told("execution.submit") == {"order_id": "o-1"}


def test_a_refusal_by_risk_is_released_and_written_down_with_every_reason(live: Any) -> None:
    run = live(risk__check_and_reserve=[refused("order_notional", "position")])

    assert run.called == ["risk.check_and_reserve", "execution.refuse", "risk.release"]
    assert rules(run.told("execution.refuse")) == ["order_notional", "position"]
    assert run.output["status"] == "refused"
    assert rules(run.output) == ["order_notional", "position"]


def test_a_refusal_by_compliance_gives_the_reservation_back(live: Any) -> None:
    run = live(compliance__check=[refused("restricted_list")])

    assert run.called[2:] == ["execution.refuse", "risk.release"]
    assert run.told("risk.release") == {"order_id": "o-1"}
    assert rules(run.told("execution.refuse")) == ["restricted_list"]


def test_a_refusal_at_the_last_gate_gives_the_reservation_back(live: Any) -> None:
    gate = {"status": "refused", "reasons": [{"rule": "price_collar"}]}
    run = live(execution__submit=[gate])

    assert run.called[2:] == ["execution.submit", "execution.refuse", "risk.release"]
    assert rules(run.output) == ["price_collar"]


def test_a_rejection_by_the_venue_is_left_to_its_event(live: Any) -> None:
    run = live(execution__submit=[{"status": "rejected", "reasons": [{"rule": "venue_rejected"}]}])

    assert run.called[-1] == "execution.submit"
    assert run.output["status"] == "rejected"
    assert rules(run.output) == ["venue_rejected"]


@pytest.mark.parametrize(
    "answer", [{"status": "unknown", "reasons": []}, raised("OutcomeUnknownError")]
)
def test_an_unknown_outcome_keeps_the_reservation_and_sends_nothing_again(
    live: Any, answer: Answer
) -> None:
    run = live(execution__submit=[answer])

    assert run.called == ["risk.check_and_reserve", "compliance.check", "execution.submit"]
    assert run.output["status"] == "unknown"


def test_a_submit_that_crashes_is_called_once_and_left_to_the_sweeper(live: Any) -> None:
    run = live(execution__submit=[raised("RuntimeError")])

    assert run.called.count("execution.submit") == 1
    assert "risk.release" not in run.called
    assert run.output["status"] == "unresolved"
    assert run.output["failure"]["Error"] == "RuntimeError"


def test_a_dependency_that_comes_back_costs_a_retry_and_nothing_else(live: Any) -> None:
    run = live(risk__check_and_reserve=[raised("UnavailableError"), ACCEPTED])

    assert run.called.count("risk.check_and_reserve") == 2
    assert run.output["status"] == "accepted"


@pytest.mark.parametrize("check", ["risk.check_and_reserve", "compliance.check"])
def test_a_check_that_cannot_answer_refuses_the_order_and_releases_it(
    live: Any, check: str
) -> None:
    run = live(**{check: [raised("NotFoundError")]})

    assert run.called[-2:] == ["execution.refuse", "risk.release"]
    assert run.told("execution.refuse")["reasons"] == [
        {"rule": "check_unavailable", "subject": check.split(".", maxsplit=1)[0]}
    ]


def test_a_release_that_fails_is_left_to_the_refusals_event(live: Any) -> None:
    run = live(
        risk__check_and_reserve=[refused("position")], risk__release=[raised("ConflictError")]
    )

    assert run.called[-2:] == ["execution.refuse", "risk.release"]
    assert run.output["status"] == "refused"


def test_a_refusal_that_could_not_be_written_keeps_the_reservation(live: Any) -> None:
    run = live(
        compliance__check=[raised("NotFoundError")], execution__refuse=[raised("ConflictError")]
    )

    assert run.called[-1] == "execution.refuse"
    assert run.error == "ConflictError"


@pytest.mark.parametrize("status", ["unknown", "accepted", "filled", "cancelled"])
def test_what_another_workflow_sent_keeps_its_reservation(live: Any, status: str) -> None:
    run = live(
        compliance__check=[raised("NotFoundError")],
        execution__refuse=[{"status": status, "reasons": []}],
    )

    assert run.called[-1] == "execution.refuse"
    assert run.output["status"] == status


def test_a_preview_asks_every_check_after_a_refusal_and_merges_the_reasons(preview: Any) -> None:
    run = preview(
        risk__check_and_reserve=[refused("order_notional", "position")],
        compliance__check=[refused("restricted_list")],
        execution__check_gate=[refused("price_collar")],
    )

    assert run.called == ["risk.check_and_reserve", "compliance.check", "execution.check_gate"]
    assert run.output["accepted"] is False
    assert rules(run.output) == ["order_notional", "position", "restricted_list", "price_collar"]
    assert [check["check"] for check in run.output["checks"]] == ["risk", "compliance", "execution"]


def test_a_preview_that_every_check_accepts_says_so_and_sends_nothing(preview: Any) -> None:
    run = preview()

    assert run.called == ["risk.check_and_reserve", "compliance.check", "execution.check_gate"]
    assert run.output["accepted"] is True
    assert run.output["reasons"] == []


def test_a_preview_shows_a_check_that_could_not_answer_and_still_asks_the_others(
    preview: Any,
) -> None:
    run = preview(
        risk__check_and_reserve=[raised("NotFoundError")],
        execution__check_gate=[refused("price_collar")],
    )

    assert run.called[1:] == ["compliance.check", "execution.check_gate"]
    assert rules(run.output) == ["check_unavailable", "price_collar"]
