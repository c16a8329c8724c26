"""Measure the guard on turns as they come in production: several wishes in one turn, few of them for a person.

    OPERATOR_DATA=... python -m scripts.measure_guard

`scripts.split_data` cuts the labelled turns in two by its seed. The linear model is trained on one part alone; turns
are made of the other: one to three matters joined as customers join them, a wish for a person among them in
TURNS_WITH of TURNS. Nothing was tuned on that part; docs/understanding.md has the first run.
"""

import os
import random
import sys
from pathlib import Path
from typing import Final

from scripts.split_data import SEED, TEST, TUNE, part_of
from scripts.train import fitted_guard, rows
from server.understanding import guard
from server.understanding.evaluation.report import binary_figures

TURNS: Final = 3_000
TURNS_WITH: Final = 90
"""About the share of NLU++, whose turns are of that kind."""
JOINTS: Final = (". ", ", ", " and ", " - ", "? ", ". also ", ", so ", " because ", "! ")


def main() -> int:
    """Train on one part, measure on the other, print."""
    folder = os.environ.get("OPERATOR_DATA")
    if not folder:
        print("Set OPERATOR_DATA to the folder of labelled data.", file=sys.stderr)
        return 2
    labelled = rows(Path(folder) / "datasets/dev/guard/guard_train.jsonl")
    words, bias = fitted_guard([row for row in labelled if part_of(row["text"]) == TUNE])
    guard.__dict__["_weights"] = lambda: (words.astype("float32"), float(bias[0]))
    turns = composed([row for row in labelled if part_of(row["text"]) == TEST])
    said = [guard.judge(text).genuine for text, _ in turns]
    for name, value in binary_figures([label for _, label in turns], said).items():
        print(f"{name:24} {value:.4f}")
    return 0


def composed(labelled: list[dict]) -> list[tuple[str, bool]]:
    """Return turns of several matters, and whether one of them is a genuine wish for a person."""
    dice = random.Random(SEED)  # noqa: S311 - a split, not a secret
    wishes = [row["text"] for row in labelled if row["genuine"]]
    others = [row["text"] for row in labelled if not row["genuine"]]
    turns: list[tuple[str, bool]] = []
    for number in range(TURNS):
        genuine = number < TURNS_WITH
        pieces = dice.sample(others, dice.choice((1, 1, 2)) if genuine else dice.choice((1, 2, 2, 3)))
        if genuine:
            pieces.insert(dice.randrange(len(pieces) + 1), dice.choice(wishes))
        text = pieces[0].rstrip(".!? ")
        for piece in pieces[1:]:
            text += dice.choice(JOINTS) + piece.rstrip(".!? ")
        turns.append((text, genuine))
    return turns


if __name__ == "__main__":
    raise SystemExit(main())
