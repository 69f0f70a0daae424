"""A break's numbers are written as everywhere else, with no zeros at their end."""

from bifrost.execution.schemas import Reconciliation


def test_a_break_is_shown_without_zeros_at_the_end_of_its_numbers() -> None:
    kept = {"subject": "USD", "ours": "-72174.00000000000000", "theirs": "1E+2", "venue": None}

    shown = Reconciliation.of("a-1", [kept])

    assert shown.breaks == [{**kept, "ours": "-72174", "theirs": "100"}]


def test_what_the_venue_said_is_shown_so_too() -> None:
    kept = {"ours": "0E-14", "theirs": "0.10", "venue": "10.500"}

    shown = Reconciliation.of("a-1", [kept])

    assert shown.breaks == [{"ours": "0", "theirs": "0.1", "venue": "10.5"}]
