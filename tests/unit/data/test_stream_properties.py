"""However a line mistreats its messages, the bars end as those of the complete stream; and no bar
that was built from trades is ever told of while something of its minute may be missing.
"""

from hypothesis import given
from hypothesis import strategies as st

from bifrost.data.streaming.machine import StreamState
from bifrost.data.streaming.messages import StatusTold, Subscribed
from tests.stream_lines import Life, Line, lines
from tests.stream_world import BEGIN, SECOND, new_streams

ANSWERS = st.lists(st.booleans(), max_size=8)


@given(lines(counted=False, changes=False), ANSWERS)
def test_cuts_delays_and_doubles_leave_the_bars_of_the_complete_stream(
    line: Line, answers: list[bool]
) -> None:
    life = Life(line, answers, exact=True)

    life.live()

    assert life.stored() == life.truth()


@given(lines(counted=True, changes=False), ANSWERS)
def test_single_losses_are_seen_by_the_vendors_count_and_filled(
    line: Line, answers: list[bool]
) -> None:
    life = Life(line, answers, exact=True)

    life.live()

    assert life.stored() == life.truth()


@given(st.booleans().flatmap(lambda counted: lines(counted=counted, changes=True)), ANSWERS)
def test_corrected_and_withdrawn_trades_end_as_their_vendor_has_them(
    line: Line, answers: list[bool]
) -> None:
    life = Life(line, answers, exact=False)

    life.live()

    # Where every trade of a minute was withdrawn, what stood before is nobody's to delete.
    truth = life.truth()
    stood = {
        name: {at: bar for at, bar in bars.items() if at in truth[name]}
        for name, bars in life.stored().items()
    }
    assert stood == truth


def test_a_stream_says_where_it_stands() -> None:
    streams = new_streams("AAPL")
    stream = streams.stream("AAPL")
    said = [stream.state]

    streams.hear(Subscribed(BEGIN, ("AAPL",)), BEGIN)
    (asked,) = streams.refills(BEGIN + 70 * SECOND)
    said.append(stream.state)
    stream.filled(asked.before)
    said.append(stream.state)
    streams.hear(StatusTold("AAPL", BEGIN + SECOND, True, "news"), BEGIN + SECOND)
    said.append(stream.state)

    assert said == [
        StreamState.GAP,
        StreamState.RECOVERING,
        StreamState.LIVE,
        StreamState.HALTED,
    ]
