"""Messages made to hurt: as big as asked for, and every kind is measured against the target."""

import pytest

from operator_console.bench.figures import Verdict
from operator_console.bench.hostile import HOSTILE, RENDER_MS, hostile_measures, hostile_text

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_text_has_the_size_asked_for(kind: str) -> None:
    size = len(hostile_text(kind, 10_000).encode())
    assert 10_000 - len(HOSTILE[kind].encode()) < size <= 10_000


def test_every_kind_is_measured_against_the_target() -> None:
    measures = hostile_measures(2_000)
    assert [one.name for one in measures] == [f"message of 2,000 bytes, {kind}" for kind in HOSTILE]
    assert {one.target for one in measures} == {RENDER_MS}
    assert Verdict.NOT_MEASURED not in {one.verdict for one in measures}
