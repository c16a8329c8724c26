"""Training twice on the same data gives the same weights, byte for byte."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from tests import needs

pytestmark = [pytest.mark.integration, needs.mark(needs.TRAINING)]


def test_two_runs_on_a_slice_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = import_module("scripts.train")
    (tmp_path / "guard").mkdir()
    turns = [("Can I talk to a person?", 1), ("put me through to somebody", 1), ("Where is my parcel?", 0), ("bye", 0)]
    lines = [
        json.dumps({"text": f"{text} {number}", "genuine": genuine}) for number in range(20) for text, genuine in turns
    ]
    (tmp_path / "guard/guard_train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    made: list[bytes] = []
    for run in ("one", "two"):
        folder = tmp_path / run
        folder.mkdir()
        monkeypatch.setattr(train, "WEIGHTS", folder)
        train.train_guard(tmp_path)
        made.append((folder / "guard.npz").read_bytes())
    assert made[0] == made[1]
    assert len(made[0]) > 1_000
