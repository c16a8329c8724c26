"""The figures of the line are honest about both directions."""

import pytest

from operator_console.audio.framing import AudioFrame
from operator_console.audio.line import Line
from server.wire.media import MediaStats

pytestmark = pytest.mark.unit


def arrive(line: Line, *frames: tuple[int, float]) -> None:
    for sequence, at in frames:
        line.arrived(AudioFrame(sequence, sequence * 20, b""), at)


def test_frames_on_time_are_no_loss_and_no_jitter() -> None:
    line = Line()
    arrive(line, *((number, 5.0 + number * 0.02) for number in range(100)))
    assert line.loss_percent == 0.0
    assert line.jitter_ms == pytest.approx(0.0, abs=0.001)


def test_a_missing_number_is_a_lost_frame() -> None:
    line = Line()
    arrive(line, *((number, number * 0.02) for number in range(101) if number % 10 != 5))
    assert line.loss_percent == pytest.approx(10.0, abs=0.5)


def test_uneven_arrival_is_jitter() -> None:
    line = Line()
    arrive(line, *((number, number * 0.02 + (0.01 if number % 2 else 0.0)) for number in range(200)))
    assert 5.0 < line.jitter_ms <= 10.1


def test_a_stream_that_starts_anew_is_not_loss() -> None:
    line = Line()
    arrive(line, (0, 0.0), (1, 0.02), (5000, 0.04), (5001, 0.06))
    assert line.loss_percent == 0.0


def test_the_worse_of_both_directions_is_told() -> None:
    line = Line()
    line.told(
        MediaStats(far_level=0.3, own_level=0.0, loss_percent=7.5, jitter_ms=12.0, far_silent_ms=40, far_holds=True)
    )
    assert (line.loss_percent, line.worst_jitter_ms, line.far_silent_ms, line.far_holds) == (7.5, 12.0, 40, True)
