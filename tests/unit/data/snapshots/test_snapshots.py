"""Snapshots say what could be known at a close and nothing later, equal to the plain definitions of
their measures, and leave out what the bars do not suffice for.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.core.corporate_actions import CorporateAction, Split
from bifrost.core.errors import InvalidInputError
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.snapshots.facts import Earnings, Fundamental, read_facts
from bifrost.data.snapshots.kinds import Snapshot
from bifrost.data.snapshots.making import Facts, make_snapshots
from bifrost.data.snapshots.panel import History, panel_of
from bifrost.data.snapshots.setups import RULES, setups
from tests.clean_series import clean

DAYS, AAPL = clean("AAPL")
MSFT, INDEX = clean("MSFT")[1], clean("S&P 500")
SPLIT = CorporateAction(
    action_id="s-1",
    vendor="test",
    revision=1,
    instrument="AAPL",
    currency="USD",
    ex_date=date(2005, 2, 28),
    split=Split(Decimal(2), Decimal(1)),
)
FIRST = CorporateAction(
    action_id="s-0",
    vendor="test",
    revision=1,
    instrument="AAPL",
    currency="USD",
    ex_date=date(2000, 6, 21),
    split=Split(Decimal(2), Decimal(1)),
)
SPY = INDEX[1].take(np.isin(INDEX[1].starts_at, AAPL.starts_at))
HISTORIES = (
    History("AAPL", AAPL, (FIRST, SPLIT)),
    History("MSFT", MSFT),
    History("SPY", SPY),
)
SHARES = Fundamental(
    "AAPL",
    "shares_outstanding",
    date(2004, 12, 25),
    Decimal(405_000_000),
    "",
    datetime(2005, 2, 1, 21, tzinfo=UTC),
)
EARNINGS = (
    Earnings(
        "AAPL",
        datetime(2005, 4, 13, 20, 30, tzinfo=UTC),
        Decimal("0.24"),
        None,
        datetime(2005, 3, 1, tzinfo=UTC),
    ),
    Earnings(
        "AAPL",
        datetime(2005, 4, 13, 20, 30, tzinfo=UTC),
        Decimal("0.24"),
        Decimal("0.34"),
        datetime(2005, 4, 13, 20, 30, tzinfo=UTC),
    ),
)
FACTS = Facts({"AAPL": (SHARES,)}, {"AAPL": EARNINGS})


def day_end(day: str) -> datetime:
    """Midnight in New York after the day, near enough."""
    return datetime.fromisoformat(f"{day}T23:59:00-05:00")


def of(instrument: str, day: str, facts: Facts = FACTS) -> Snapshot:
    """Make one instrument's."""
    made = make_snapshots(HISTORIES, facts, DAYS, day_end(day))
    return next(one for one in made if one.instrument == instrument)


def close_of(instrument: BarColumns, day: str) -> tuple[int, float]:
    """Return the place and the close of a day's bar."""
    place = next(i for i, one in enumerate(DAYS) if str(one.session) == day)
    return place, instrument.close[place] / 10**6


def test_overview_is_of_the_last_close_and_known_from_it_on() -> None:
    place, close = close_of(MSFT, "2010-06-15")
    shown = of("MSFT", "2010-06-15")

    assert shown.session == date(2010, 6, 15)
    assert shown.overview["last_close"].value == close
    assert shown.overview["change"].value == pytest.approx(close - MSFT.close[place - 1] / 10**6)
    assert shown.overview["volume"].value == MSFT.volume[place] / 10**6
    assert {one.known_at for one in shown.overview.values()} == {DAYS[place].closes_at}
    year = slice(place - 252, place + 1)
    inside = MSFT.starts_at[year] > MSFT.starts_at[place] - 364 * 86_400_000_000
    assert shown.overview["high_52_weeks"].value == MSFT.high[year][inside].max() / 10**6
    assert shown.overview["low_52_weeks"].value == MSFT.low[year][inside].min() / 10**6


@pytest.mark.parametrize("count", [3, 199, 260])
def test_a_year_of_which_bars_are_missing_has_no_range(count: int) -> None:
    """Few bars, or many of which none is a year old, or a year with a hole in it."""
    place, _ = close_of(MSFT, "2010-06-15")
    chosen = np.r_[place - 400 : place - 400 + count // 2, place - count // 2 : place + 1]
    sparse = History("MSFT", MSFT.take(chosen))

    (shown,) = make_snapshots((sparse,), FACTS, DAYS, day_end("2010-06-15"))

    assert "last_close" in shown.overview
    assert "high_52_weeks" not in shown.overview
    assert "low_52_weeks" not in shown.overview


def test_on_a_day_that_is_no_session_the_one_before_stands() -> None:
    assert of("MSFT", "2010-07-05") == replace(of("MSFT", "2010-07-02"))


def test_before_the_close_the_session_is_not_known() -> None:
    noon = datetime(2010, 6, 15, 16, tzinfo=UTC)

    (shown,) = (
        one for one in make_snapshots(HISTORIES, FACTS, DAYS, noon) if one.instrument == "MSFT"
    )

    assert shown.session == date(2010, 6, 14)


def test_technicals_equal_their_plain_definitions() -> None:
    place, _ = close_of(MSFT, "2010-06-15")
    close = MSFT.close[: place + 1] / 10**6
    shown = {name: one.value for name, one in of("MSFT", "2010-06-15").technicals.items()}
    returns = np.diff(np.log(close))
    market = np.diff(np.log(SPY.close[: place + 1] / 10**6))[-252:]

    for count in (20, 50, 200):
        assert shown[f"sma_{count}"] == pytest.approx(close[-count:].mean())
    assert shown["volatility_20"] == pytest.approx(returns[-20:].std(ddof=1) * np.sqrt(252))
    assert shown["beta"] == pytest.approx(np.polyfit(market, returns[-252:], 1)[0])
    volume = MSFT.volume[: place + 1]
    assert shown["relative_volume"] == pytest.approx(volume[-1] / volume[-21:-1].mean())
    assert shown["rsi_14"] == pytest.approx(plain_rsi(close[-300:]))
    assert shown["atr_14"] == pytest.approx(plain_atr(MSFT.take(slice(place - 299, place + 1))))


def plain_rsi(close: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    """Wilder's index, step by step."""
    changes = np.diff(close)
    up, down = np.maximum(changes, 0), np.maximum(-changes, 0)
    gain, loss = up[:14].mean(), down[:14].mean()
    for one_up, one_down in zip(up[14:], down[14:], strict=True):
        gain, loss = (gain * 13 + one_up) / 14, (loss * 13 + one_down) / 14
    return float(100 * gain / (gain + loss))


def plain_atr(bars: BarColumns) -> float:
    """Wilder's average range, step by step."""
    high, low, close = (bars.prices(name) for name in ("high", "low", "close"))
    ranges = [high[0] - low[0]] + [
        max(high[i], close[i - 1]) - min(low[i], close[i - 1]) for i in range(1, len(close))
    ]
    average = float(np.mean(ranges[:14]))
    for one in ranges[14:]:
        average = (average * 13 + one) / 14
    return average


def test_split_moves_no_average_and_is_not_known_the_day_before() -> None:
    before, after = of("AAPL", "2005-02-25"), of("AAPL", "2005-02-28")

    assert before.overview["last_close"].value == close_of(AAPL, "2005-02-25")[1]
    ratio = after.technicals["sma_50"].value / before.technicals["sma_50"].value
    assert ratio == pytest.approx(0.5, rel=0.02)
    assert abs(after.overview["change_share"].value) < 0.05


def test_market_cap_is_the_reported_shares_in_shares_of_the_day() -> None:
    before, after = of("AAPL", "2005-02-25"), of("AAPL", "2005-02-28")

    assert "market_cap" not in of("AAPL", "2005-01-31").overview
    assert before.overview["market_cap"].value == pytest.approx(
        405e6 * before.overview["last_close"].value
    )
    assert after.overview["market_cap"].value == pytest.approx(
        810e6 * after.overview["last_close"].value
    )


def test_earnings_are_expected_until_they_are_told() -> None:
    early, due, told = (of("AAPL", day) for day in ("2005-02-25", "2005-04-12", "2005-04-13"))

    assert (early.last_earnings, early.next_earnings) == (None, None)
    assert due.next_earnings is not None
    assert (due.next_earnings.eps_estimate, due.next_earnings.eps_actual) == (0.24, None)
    assert told.last_earnings is not None
    assert (told.last_earnings.eps_actual, told.next_earnings) == (0.34, None)


def test_restatement_changes_nothing_before_it_was_told() -> None:
    restated = replace(SHARES, value=Decimal(1), reported_at=datetime(2005, 3, 10, tzinfo=UTC))
    facts = Facts({"AAPL": (restated, SHARES)})

    assert of("AAPL", "2005-03-08", facts).fundamentals["shares_outstanding"].value == 405_000_000
    assert of("AAPL", "2005-03-10", facts).fundamentals["shares_outstanding"].value == 1


def test_too_few_bars_leave_measures_out_and_say_no_to_every_setup() -> None:
    short = [History("NEW", MSFT.take(slice(0, 10)))]

    (shown,) = make_snapshots(short, Facts(), DAYS, day_end("2000-03-14"))

    assert set(shown.technicals) == set()
    assert shown.setups == ()
    assert "last_close" in shown.overview


def test_instrument_without_a_bar_has_no_snapshot() -> None:
    assert (
        make_snapshots([History("NEW", BarColumns.empty())], Facts(), DAYS, day_end("2010-06-15"))
        == []
    )


@settings(max_examples=40)
@given(place=st.integers(30, len(DAYS) - 2), factor=st.floats(0.2, 5), cut=st.booleans())
def test_later_bars_actions_and_reports_change_no_earlier_snapshot(
    place: int, factor: float, cut: bool
) -> None:
    as_of = DAYS[place].closes_at + timedelta(hours=1)
    later = AAPL.starts_at > AAPL.starts_at[place]
    changed = {
        name: np.where(later, counted(getattr(AAPL, name) / 10**6 * factor), getattr(AAPL, name))
        for name in ("open", "high", "low", "close", "volume")
    }
    other = BarColumns(AAPL.starts_at, **changed)
    other = other.take(~later) if cut else other
    tomorrow = replace(FIRST, action_id="s-2", ex_date=DAYS[place + 1].session)
    histories = (History("AAPL", other, (FIRST, SPLIT, tomorrow)), *HISTORIES[1:])
    future = replace(SHARES, value=Decimal(7), reported_at=as_of + timedelta(seconds=1))
    facts = Facts({"AAPL": (SHARES, future)}, {"AAPL": EARNINGS})

    assert make_snapshots(histories, facts, DAYS, as_of) == make_snapshots(
        HISTORIES, FACTS, DAYS, as_of
    )


def flat(**last: float) -> History:
    """Three hundred quiet bars around 100 in slow waves, the newest as told."""
    count = 300
    wave = 100 + 2 * np.sin(np.arange(count) / 9)
    columns = {
        "open": wave,
        "high": wave + 1,
        "low": wave - 1,
        "close": wave,
        "volume": np.full(count, 1e6),
    }
    for name, value in last.items():
        columns[name] = columns[name].copy()
        columns[name][-1] = value
    starts = np.array([micros(one.opens_at) for one in DAYS[:count]], dtype=np.int64)
    return History(
        "ONE",
        BarColumns(
            starts, *(counted(columns[n]) for n in ("open", "high", "low", "close", "volume"))
        ),
    )


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("new_high_52_weeks", {"high": 110, "close": 109}),
        ("new_low_52_weeks", {"low": 90, "close": 91}),
        ("gap_up", {"open": 108, "high": 110, "low": 107, "close": 109}),
        ("gap_down", {"open": 92, "high": 93, "low": 90, "close": 91}),
        ("volume_surge", {"volume": 4e6}),
        ("inside_day", {"high": 102.2, "low": 101.5, "open": 101.8, "close": 101.8}),
        ("outside_day", {"high": 108, "low": 92}),
    ],
)
def test_setup_is_seen_where_the_last_bar_makes_it_and_not_in_quiet(
    name: str, last: dict[str, float]
) -> None:
    def seen(history: History) -> set[str]:
        panel = panel_of([history], date(2012, 1, 1), micros(day_end("2002-01-01")))
        return {rule for rule, yes in setups(panel).items() if yes[0]}

    assert name in seen(flat(**last))
    assert name not in seen(flat())


def test_every_setup_is_seen_somewhere_in_thirteen_years_and_none_on_every_day() -> None:
    counts = dict.fromkeys(RULES, 0)
    days = range(320, len(DAYS), 10)
    for place in days:
        panel = panel_of(HISTORIES, DAYS[place].session, micros(DAYS[place].closes_at))
        for name, yes in setups(panel).items():
            counts[name] += int(yes.sum())

    assert all(
        0 < count < len(days) * 2 for name, count in counts.items() if "cross" not in name
    ), counts


def test_golden_cross_is_on_the_day_the_means_cross() -> None:
    close = MSFT.prices("close")
    lead = np.array(
        [close[i - 49 : i + 1].mean() - close[i - 199 : i + 1].mean() for i in range(800, 1600)]
    )
    crossed = [800 + i for i in range(1, len(lead)) if lead[i] > 0 >= lead[i - 1]]

    for place in crossed:
        names = {one.name for one in of("MSFT", str(DAYS[place].session)).setups}
        assert "golden_cross" in names
        names = {one.name for one in of("MSFT", str(DAYS[place + 1].session)).setups}
        assert "golden_cross" not in names
    assert crossed


GOOD = (
    "instrument,metric,period_end,value,currency,reported_at\n"
    "AAPL,revenue,2004-12-25,3490000000,USD,2005-01-12T21:30Z\n"
)


def test_file_of_fundamentals_is_read() -> None:
    (row,) = read_facts(GOOD).fundamentals

    assert (row.metric, row.value, row.reported_at) == (
        "revenue",
        Decimal(3490000000),
        datetime(2005, 1, 12, 21, 30, tzinfo=UTC),
    )


def test_file_of_earnings_may_leave_out_what_is_not_known() -> None:
    (row,) = read_facts(
        "instrument,earnings_at,eps_estimate,eps_actual,reported_at\n"
        "AAPL,2005-04-13T20:30:00+00:00,0.24,,2005-03-01T00:00:00-05:00\n"
    ).earnings

    assert (row.eps_estimate, row.eps_actual) == (Decimal("0.24"), None)
    assert row.reported_at == datetime(2005, 3, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("AAPL,revenue,2004-12-25,NaN,USD,2005-01-12T21:30Z", "no number that can be counted"),
        ("AAPL,revenue,2004-12-25,,USD,2005-01-12T21:30Z", "value is empty"),
        ("AAPL,revenue,2004-13-25,1,USD,2005-01-12T21:30Z", "no date"),
        ("AAPL,revenue,2004-12-25,1,USD,2005-01-12T21:30", "names no zone"),
        ("AAPL,revenue,2004-12-25,1,USD", "5 fields where 6 belong"),
        (",revenue,2004-12-25,1,USD,2005-01-12T21:30Z", "instrument is ''"),
    ],
)
def test_wrong_line_is_named_with_what_is_wrong(line: str, says: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_facts(GOOD + line + "\n")

    (problem,) = refused.value.problems
    assert problem.field == "line 3"
    assert says in problem.message


def test_other_header_is_refused_with_both_that_would_do() -> None:
    with pytest.raises(InvalidInputError, match="header"):
        read_facts("symbol,price\nAAPL,1\n")
