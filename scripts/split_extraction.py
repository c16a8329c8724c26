"""Cut the written sentences for the extraction of facts into a part to work with and a part to measure on.

    python -m scripts.split_extraction ALL.jsonl DEV.jsonl TEST.jsonl

The seed is fixed, so that the same sentences always fall into the same part; nothing is tuned on TEST.
"""

import random
import sys
from pathlib import Path
from typing import Final

SEED: Final = 20261121


def main() -> int:
    """Shuffle the lines by the seed and write each half."""
    source, dev, test = (Path(name) for name in sys.argv[1:4])
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    random.Random(SEED).shuffle(lines)  # noqa: S311 - a split, not a secret
    dev.write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    test.write_text("".join(lines[len(lines) // 2 :]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
