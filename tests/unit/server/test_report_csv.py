"""What a report prints as CSV is text in a spreadsheet, whatever it is called."""

import csv
import io
from datetime import UTC, datetime

import pytest

from server.cli.report import write_csv
from server.wire.report import HandoffReport

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "billing"])
def test_no_cell_begins_like_a_formula(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    write_csv((HandoffReport(number=7, queue=name, medium="chat", outcome=name, trigger=name, requested_at=at),))
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [row[column][0] in "=+-@" for column in ("queue", "outcome", "trigger")] == [False] * 3
    assert row["queue"].endswith(name)
    assert row["number"] == "7"
