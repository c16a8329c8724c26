"""Compose turns as they come in production: several matters in one turn, few of them with a wish for a person.

They are made of the TEST part of the labelled turns (`scripts.split_data`), which no model was trained on.
"""

from collections.abc import Sequence
from typing import Final

from scripts.split_data import SEED, TEST, part_of
from scripts.training_rows import Row, composed

TURNS: Final = 3_000
TURNS_WITH: Final = 90
"""About the share where customers talk to an assistant of several uses."""


def composed_turns(labelled: Sequence[dict]) -> list[Row]:
    """Return the turns, labelled "1" where one of their matters is a genuine wish for a person."""
    kept = [Row(row["text"], str(row["genuine"])) for row in labelled if part_of(row["text"]) == TEST]
    return composed(kept, TURNS, TURNS_WITH, SEED) if kept else []
