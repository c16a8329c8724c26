"""Choose what the small models learn from: the TUNE part of the permissive data, and sentences written for the project.

Everything is drawn with SEED; no row of the TEST part (`scripts.split_data`) is ever returned by the functions that
`scripts.train` calls.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.split_data import TEST, TUNE, part_of
from scripts.written_sentences import FOLDER, sentences
from server.understanding.evaluation.topics import INTENTS
from server.understanding.topics import shipped

SEED: Final = 7
EACH: Final = 12
"""Sentences drawn of each written pattern."""
OTHER_TURNS: Final = 2_500
COMPOSED, COMPOSED_WITH = 1_000, 300
JOINTS: Final = (". ", ", ", " and ", " - ", "? ", ". also ", ", so ", " because ", "! ")
MOODS: Final = (("happy", 4_000), ("neutral", 4_000), ("frustrated", 4_050), ("angry", 1_611))
MOOD_EACH: Final = 40
MOOD_LETTERS: Final = {"h": "happy", "n": "neutral", "f": "frustrated", "a": "angry"}


@dataclass(frozen=True, slots=True)
class Row:
    """One text and its label; `spans` are the pieces it was composed of, each with a label of its own."""

    text: str
    label: str
    weight: float = 1.0
    spans: tuple[tuple[int, int, bool], ...] = ()


def rows(path: Path) -> list[dict]:
    """Return the objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def marked(name: str, part: str) -> list[tuple[str, str]]:
    """Return mark and text of the lines of one written file that fall into a part (half of them into each)."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    pairs = [(line[0], line[2:].strip()) for line in lines if line[1:2] == " " and not line.startswith("#")]
    return [(mark, text) for mark, text in pairs if part_of(text, 0.5) == part]


def hard_apart() -> list[tuple[str, str]]:
    """Return mark and text of the hard turns kept apart, without those that a written pattern happens to make too."""
    made = {_bare(text) for name in ("guard_genuine", "guard_other") for text in sentences(name, EACH, SEED)}
    return [(mark, text) for mark, text in marked("guard_hard", TEST) if _bare(text) not in made]


def _bare(text: str) -> str:
    return text.lower().strip(".?! ")


def guard_rows(data: Path) -> list[Row]:
    """Return what the guard learns from, labelled "1" or "0"."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    labelled = [row for row in rows(data / "guard/guard_train.jsonl") if part_of(row["text"]) == TUNE]
    wishes = [Row(row["text"], "1") for row in labelled if row["genuine"]]
    others = dice.sample([Row(row["text"], "0") for row in labelled if not row["genuine"]], OTHER_TURNS)
    written = [Row(text, "1") for text in sentences("guard_genuine", EACH, SEED)]
    written += [Row(text, "0") for text in sentences("guard_other", EACH, SEED)]
    simple = [*wishes, *others, *written]
    hard = [Row(text, mark, 6.0) for mark, text in marked("guard_hard", TUNE)]
    return [*simple, *hard]


def composed(simple: Sequence[Row], count: int, with_wish: int, seed: int | str) -> list[Row]:
    """Return turns of one to four matters joined as customers join them, a wish for a person in `with_wish` of them."""
    dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
    wishes = [row.text for row in simple if row.label == "1"]
    others = [row.text for row in simple if row.label == "0"]
    made: list[Row] = []
    for number in range(count):
        genuine = number < with_wish
        pieces = [(text, False) for text in dice.sample(others, dice.choice((1, 1, 2) if genuine else (1, 2, 2, 3)))]
        if genuine:
            pieces.insert(dice.randrange(len(pieces) + 1), (dice.choice(wishes), True))
        text, spans = "", []
        for piece, wish in pieces:
            text += dice.choice(JOINTS) if text else ""
            spans.append((len(text), len(text) + len(piece.rstrip(".!? ")), wish))
            text += piece.rstrip(".!? ")
        made.append(Row(text, "1" if genuine else "0", spans=tuple(spans)))
    return made


def topic_rows(data: Path) -> list[Row]:
    """Return what the topics that ship learn from, labelled with a topic or ""."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    found: list[Row] = []
    for file, most in (
        ("topics/banking77_train.jsonl", 40),
        ("topics/bitext_train.jsonl", 25),
        ("extraction/multidogo_dev.jsonl", 30),
    ):
        by_intent: dict[str, list[str]] = {}
        for row in rows(data / file):
            text = row.get("text") or row.get("utterance") or ""
            if text and part_of(text) == TUNE:
                by_intent.setdefault(row["intent"].split("<div>")[0], []).append(text)
        for intent, texts in sorted(by_intent.items()):
            topic, unique = INTENTS.get(intent, ""), sorted(set(texts))
            found += [Row(text, topic) for text in (unique if topic else dice.sample(unique, min(most, len(unique))))]
    labelled = [row["text"] for row in rows(data / "guard/guard_train.jsonl") if row["source"].startswith("clinc")]
    tune = sorted({text for text in labelled if part_of(text) == TUNE})
    found += [Row(text, "") for text in dice.sample(tune, min(700, len(tune)))]
    for topic in shipped().topics:
        found += [Row(text, topic.name, 3.0) for text in topic.examples]
        if (FOLDER / f"topic_{topic.name}.txt").exists():
            found += [Row(text, topic.name) for text in sentences(f"topic_{topic.name}", EACH, SEED)]
    found += [Row(text, "") for text in sentences("topic_other", EACH, SEED)]
    return found + [Row(text, "", 3.0) for text in shipped().other.examples]


def mood_rows(data: Path) -> list[Row]:
    """Return what mood learns from; sentences of customers weigh most."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    found: list[Row] = []
    emotions = rows(data / "sentiment/goemotions4_train.jsonl")
    for label, most in MOODS:
        mine = [row["text"] for row in emotions if row["label"] == label]
        found += [Row(text, label, 0.5) for text in dice.sample(mine, min(most, len(mine)))]
    neutral = [row["text"] for row in rows(data / "guard/guard_train.jsonl") if not row["genuine"]]
    neutral += sorted(
        {row["text"] for row in rows(data / "extraction/multidogo_dev.jsonl") if row["intent"] == "contentonly"}
    )
    found += [Row(text, "neutral", 0.5) for text in dice.sample(neutral, 3_000)]
    for label, _ in MOODS:
        found += [Row(text, label, 2.0) for text in sentences(f"mood_{label}", MOOD_EACH, SEED)]
    return found
