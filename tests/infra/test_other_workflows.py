"""Withdrawals are reserved before they are posted, reconciliations merge, replays and rebuilds end.

Each test runs the file that is deployed, on the local emulator, against scripted functions.
"""

from typing import Any

from tests.infra.workflow_bench import Answer, WorkflowBench

ACCEPTED: Answer = {"accepted": True, "reasons": []}
WITHDRAWAL = {
    "withdrawal_id": "w-1",
    "account_id": "a-1",
    "amount": "100.00",
    "currency": "USD",
    "occurred_at": "2012-01-03T21:00:00Z",
}
STATEMENT = {"account_id": "a-1", "cash": {"USD": "10.00"}, "positions": []}


def withdraw(bench: WorkflowBench, **changes: list[Answer]) -> Any:
    """Run a withdrawal with some answers changed."""
    usual: dict[str, list[Answer]] = {
        "risk.reserve_withdrawal": [ACCEPTED],
        "portfolio.post_withdrawal": [{}],
        "portfolio.refuse_withdrawal": [{}],
        "risk.release_withdrawal": [{}],
    }
    changed = {name.replace("__", "."): given for name, given in changes.items()}
    return bench.run("withdrawal_flow", WITHDRAWAL, {**usual, **changed})


def compared(*breaks: Answer, is_settled: bool = True) -> Answer:
    """What a book answers."""
    return {"breaks": list(breaks), "is_settled": is_settled}


def reconcile(bench: WorkflowBench, **answers: list[Answer]) -> Any:
    """Reconcile an account where each book answers so, or that it agrees."""
    return bench.run(
        "reconcile",
        {"account_id": "a-1"},
        {
            "execution.statement": [STATEMENT],
            "portfolio.record_reconciliation": [{}],
            "execution.conclude": [{}],
            **{
                f"{book}.reconcile": answers.get(book, [compared()])
                for book in ("execution", "portfolio", "risk")
            },
        },
    )


def test_a_withdrawal_that_risk_reserves_is_posted(workflow_bench: WorkflowBench) -> None:
    run = withdraw(workflow_bench)

    assert run.called == ["risk.reserve_withdrawal", "portfolio.post_withdrawal"]
    assert run.told("risk.reserve_withdrawal") == WITHDRAWAL
    assert run.output == {"withdrawal_id": "w-1", "status": "posted", "reasons": []}


def test_a_withdrawal_that_risk_refuses_is_never_posted(workflow_bench: WorkflowBench) -> None:
    reasons = [{"rule": "buying_power"}]
    run = withdraw(
        workflow_bench, risk__reserve_withdrawal=[{"accepted": False, "reasons": reasons}]
    )

    assert "portfolio.post_withdrawal" not in run.called
    assert run.told("portfolio.refuse_withdrawal") == {"withdrawal_id": "w-1", "reasons": reasons}
    assert run.output == {"withdrawal_id": "w-1", "status": "refused", "reasons": reasons}


def test_a_posting_that_fails_is_refused_before_its_cash_is_released(
    workflow_bench: WorkflowBench,
) -> None:
    run = withdraw(workflow_bench, portfolio__post_withdrawal=[{"raise": "NotFoundError"}])

    assert run.called[-2:] == ["portfolio.refuse_withdrawal", "risk.release_withdrawal"]
    assert run.output["status"] == "refused"


def test_a_posting_whose_answer_was_lost_keeps_its_reservation(
    workflow_bench: WorkflowBench,
) -> None:
    run = withdraw(
        workflow_bench,
        portfolio__post_withdrawal=[{"raise": "RuntimeError"}],
        portfolio__refuse_withdrawal=[{"raise": "ConflictError"}],
    )

    assert "risk.release_withdrawal" not in run.called
    assert run.output["status"] == "posted"


def test_the_statement_goes_to_every_book_and_their_breaks_are_merged(
    workflow_bench: WorkflowBench,
) -> None:
    run = reconcile(
        workflow_bench,
        execution=[compared({"kind": "order"}, {"kind": "fill"})],
        portfolio=[compared({"kind": "cash"})],
        risk=[compared({"kind": "position"})],
    )

    assert run.told("execution.reconcile") == {"account_id": "a-1", "is_final": False}
    assert run.told("portfolio.reconcile") == {"statement": STATEMENT, "is_final": False}
    assert run.told("risk.reconcile") == {"statement": STATEMENT, "is_final": False}
    merged = {
        "account_id": "a-1",
        "breaks": [{"kind": "order"}, {"kind": "fill"}, {"kind": "cash"}, {"kind": "position"}],
    }
    assert run.output == merged
    assert run.told("portfolio.record_reconciliation") == merged
    assert run.told("execution.conclude") == merged


def test_books_that_agree_give_an_empty_list_of_breaks(workflow_bench: WorkflowBench) -> None:
    run = reconcile(workflow_bench)

    assert run.output["breaks"] == []
    assert run.told("execution.conclude")["breaks"] == []


def test_one_break_is_a_list_of_one(workflow_bench: WorkflowBench) -> None:
    run = reconcile(workflow_bench, risk=[compared({"kind": "cash"})])

    assert run.output["breaks"] == [{"kind": "cash"}]
    assert run.told("portfolio.record_reconciliation")["breaks"] == [{"kind": "cash"}]


def test_what_may_be_news_under_way_is_compared_again_before_it_is_a_break(
    workflow_bench: WorkflowBench,
) -> None:
    lags = compared({"kind": "pending"}, is_settled=False)
    run = reconcile(workflow_bench, portfolio=[lags, compared()])

    assert run.called.count("execution.statement") == 2
    assert run.called.count("portfolio.record_reconciliation") == 1
    assert run.output["breaks"] == []


def test_the_fourth_comparison_is_final(workflow_bench: WorkflowBench) -> None:
    lags = compared({"kind": "pending"}, is_settled=False)
    run = reconcile(workflow_bench, risk=[lags])

    finals = [given["is_final"] for name, given in run.calls if name == "risk.reconcile"]
    assert finals == [False, False, False, True]
    assert run.output["breaks"] == [{"kind": "pending"}]


def test_a_book_that_cannot_answer_fails_the_reconciliation(workflow_bench: WorkflowBench) -> None:
    run = workflow_bench.run(
        "reconcile",
        {"account_id": "a-1"},
        {"execution.statement": [{"raise": "NotFoundError"}]},
    )

    assert run.error == "NotFoundError"


def test_a_replay_publishes_until_no_session_is_left(workflow_bench: WorkflowBench) -> None:
    left = {"done": False, "wait_seconds": 0}
    run = workflow_bench.run(
        "replay",
        {"replay_id": "r-1"},
        {"data.publish_sessions": [left, left, {"done": True, "wait_seconds": 0}]},
    )

    assert run.called == ["data.publish_sessions"] * 3
    assert run.output == {"replay_id": "r-1", "done": True}


def rebuild(bench: WorkflowBench, *answers: Answer) -> Any:
    """Run a rebuild whose work answers so."""
    tasks: dict[str, list[Answer]] = {
        "portfolio_long.rebuild": list(answers),
        "portfolio.fail_rebuild": [{"state": "failed"}],
    }
    return bench.run("rebuild", {"rebuild_id": "b-1"}, tasks)


def test_a_rebuild_is_done_when_its_work_is(workflow_bench: WorkflowBench) -> None:
    run = rebuild(workflow_bench, {"rebuild_id": "b-1", "done": True})

    assert run.called == ["portfolio_long.rebuild"]
    assert run.told("portfolio_long.rebuild") == {"rebuild_id": "b-1"}
    assert run.output == {"rebuild_id": "b-1", "done": True}


def test_a_rebuild_whose_database_did_not_answer_is_begun_again(
    workflow_bench: WorkflowBench,
) -> None:
    run = rebuild(workflow_bench, {"raise": "UnavailableError"}, {"done": True})

    assert run.called == ["portfolio_long.rebuild"] * 2


def test_a_rebuild_whose_worker_is_killed_is_begun_again(workflow_bench: WorkflowBench) -> None:
    run = rebuild(workflow_bench, {"die": True}, {"done": True})

    assert run.called == ["portfolio_long.rebuild"] * 2
    assert run.output == {"done": True}


def test_a_rebuild_whose_worker_is_killed_each_time_is_told_so(
    workflow_bench: WorkflowBench,
) -> None:
    run = rebuild(workflow_bench, {"die": True})

    assert run.called == ["portfolio_long.rebuild"] * 3 + ["portfolio.fail_rebuild"]
    assert run.told("portfolio.fail_rebuild")["error"] == "Runtime.ExitError"


def test_a_rebuild_whose_work_fails_is_told_to_have_failed(workflow_bench: WorkflowBench) -> None:
    run = rebuild(workflow_bench, {"raise": "TypeError"})

    assert run.called == ["portfolio_long.rebuild", "portfolio.fail_rebuild"]
    assert run.told("portfolio.fail_rebuild") == {"rebuild_id": "b-1", "error": "TypeError"}
    assert run.error == "RebuildFailed"
