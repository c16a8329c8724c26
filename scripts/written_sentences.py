"""Read the sentences written for training: {a|b} is a choice, [x] may be left out; drawn with a fixed seed."""

import random
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "training"
_CHOICE = re.compile(r"\{([^{}]*)\}")
_OPTION = re.compile(r"\[([^\[\]]*)\]")


def sentences(name: str, each: int, seed: int) -> list[str]:
    """Return up to `each` different sentences of every pattern in one file, in a fixed order."""
    dice = random.Random(f"{name}-{seed}")  # noqa: S311 - reproducible, not secret
    found: list[str] = []
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        drawn = {_drawn(line, dice) for _ in range(each * 3)}
        found += sorted(drawn)[:] if len(drawn) <= each else dice.sample(sorted(drawn), each)
    return found


def _drawn(pattern: str, dice: random.Random) -> str:
    text = pattern
    while (choice := _CHOICE.search(text)) is not None:
        text = text[: choice.start()] + dice.choice(choice.group(1).split("|")) + text[choice.end() :]
    while (option := _OPTION.search(text)) is not None:
        picked = dice.choice(["", *option.group(1).split("|")])
        text = text[: option.start()] + picked + text[option.end() :]
    return re.sub(r"\s+", " ", text).strip()
