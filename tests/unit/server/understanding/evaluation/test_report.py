"""Rules of measuring: the arithmetic is right, and a bad file says which line and what to do."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli.app import app
from server.core.errors import CallerError
from server.understanding.evaluation.report import area_under_curve, binary_figures, percentile, read_rows

pytestmark = pytest.mark.unit


def test_precision_recall_and_false_positives() -> None:
    figures = binary_figures(
        [True, True, True, False, False, False, False], [True, True, False, True, False, False, False]
    )
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["false_positive_rate"] == pytest.approx(1 / 4)


def test_the_area_counts_ties_half() -> None:
    assert area_under_curve([True, False], [0.5, 0.5]) == 0.5
    assert area_under_curve([True, False, True], [0.9, 0.1, 0.8]) == 1.0
    assert area_under_curve([True, False, False], [0.5, 0.9, 0.1]) == 0.5


def test_a_percentile_of_nothing_is_nought() -> None:
    assert percentile([], 0.95) == 0.0
    assert percentile([3, 1, 2], 0.5) == 2


@pytest.mark.parametrize("content", ["", "[1]\n", '{"text": "a"}\nnonsense\n', "\xff"])
def test_a_bad_file_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(CallerError) as refusal:
        read_rows(path)
    assert refusal.value.code == "bad_data_file"
    assert refusal.value.hint


def test_the_command_prints_figures_for_people_and_for_machines(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "get me a human", "genuine": 1}\n{"text": "what is my balance", "genuine": 0}\n')
    shown = CliRunner().invoke(app, ["eval", "guard", "--data", str(path)])
    assert shown.exit_code == 0
    assert "precision" in shown.stdout
    as_json = CliRunner().invoke(app, ["eval", "guard", "--data", str(path), "--json"])
    assert '"f1":1.0' in as_json.stdout


@pytest.mark.parametrize("command", [["eval", "nonsense", "--data", "x"], ["eval", "guard", "--data", "no-such-file"]])
def test_the_command_refuses_in_a_sentence(command: list[str]) -> None:
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 4
    assert "operator-server:" in done.stderr
