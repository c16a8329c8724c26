"""Keep skips honest: in CI an unlisted skip is a failure, and everywhere the skipped parts are listed by name."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

SWITCH: Final = "OPERATOR_NO_SKIPS"
"""Environment: set to 1, a skip that tests/ci_skips.toml does not name is a failure."""

ONE_AT_A_TIME: Final = "one-at-a-time"
"""The group of tests that run on one worker; pytest-xdist writes it behind their ids."""

LIST: Final = Path(__file__).parent / "ci_skips.toml"
FORM: Final = re.compile(r"needs (?P<component>[^:]+): (?P<install>.+)", re.DOTALL)
"""How every skip says what it lacks and what installs it."""


def listed(path: Path = LIST) -> dict[str, str]:
    """Return the patterns of tests that CI may skip, with their reasons.

    Raises:
        ValueError: An entry without a test or without a reason.
    """
    found: dict[str, str] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["skip"]:
        if not entry.get("test") or not entry.get("reason"):
            raise ValueError(f"{path}: every entry needs a test and a reason: {entry}")
        found[entry["test"]] = entry["reason"]
    return found


def refusal(test: str, reason: str, allowed: Iterable[str]) -> str | None:
    """Return why the skip of `test` counts as a failure under the switch; None when it is listed."""
    test = test.removesuffix(f"@{ONE_AT_A_TIME}")
    if any(fnmatchcase(test, pattern.replace("[", "[[]")) for pattern in allowed):
        return None
    form = "" if FORM.fullmatch(reason) else " Its reason does not have the form `needs <part>: <install line>`."
    return f"{test} was skipped ({reason}), and {SWITCH}=1 takes no skip that tests/ci_skips.toml does not name.{form}"


def summary(reasons: Iterable[str]) -> list[str]:
    """Return one line for each missing part: its name, how many tests it kept from running, what installs it."""
    counts = Counter(reasons)
    lines: list[str] = []
    for reason, count in sorted(counts.items()):
        tests = "1 test" if count == 1 else f"{count} tests"
        found = FORM.fullmatch(reason)
        lines.append(
            f"{found['component']}: {tests} skipped. To run them: {found['install']}" if found else f"{tests}: {reason}"
        )
    return lines
