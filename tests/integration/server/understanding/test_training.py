"""Training twice on the same data gives the same weights, byte for byte."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from tests import needs

pytestmark = [pytest.mark.integration, needs.mark(needs.TRAINING)]


def test_two_runs_on_a_slice_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, vectors = import_module("scripts.train"), import_module("scripts.vectors")
    rows_of = import_module("scripts.training_rows").Row
    turns = [
        ("Can I talk to a person?", "1"),
        ("put me through to Joe", "1"),
        ("Where is my parcel?", "0"),
        ("bye", "0"),
    ]
    rows = [rows_of(f"{text} {number}", label) for number in range(12) for text, label in turns]
    monkeypatch.setattr(train, "guard_rows", lambda _data: rows)
    made: list[bytes] = []
    for run in ("one", "two"):
        folder = tmp_path / run
        folder.mkdir()
        made_by = train.guard_weights(tmp_path, vectors.Reader(tmp_path / "none.npz"))
        train.np.savez_compressed(folder / "guard.npz", **made_by)
        made.append((folder / "guard.npz").read_bytes())
    assert made[0] == made[1]
    assert len(made[0]) > 1_000


def test_nothing_that_is_trained_on_is_kept_for_measuring(tmp_path: Path) -> None:
    chosen, split = import_module("scripts.training_rows"), import_module("scripts.split_data")
    (tmp_path / "guard").mkdir()
    lines = [
        json.dumps({"text": f"turn {number}", "genuine": number % 2, "source": "clinc:x"}) for number in range(9_000)
    ]
    (tmp_path / "guard/guard_train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    given = [row.text for row in chosen.guard_rows(tmp_path) if row.text.startswith("turn ")]
    assert len(given) > 2_000
    assert {split.part_of(text) for text in given} == {split.TUNE}
    apart = {text for _, text in chosen.hard_apart()}
    assert len(apart) > 50
    assert not apart & {row.text for row in chosen.guard_rows(tmp_path)}
