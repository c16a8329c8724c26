"""Rules of exit codes."""

import re
from pathlib import Path

import pytest

from operator_console.cli.app import EXIT_CODES
from operator_console.exit_codes import ExitCode, exit_code_of

pytestmark = pytest.mark.unit

ERRORS = Path(__file__).parents[3] / "docs" / "errors.md"


def test_the_numbers_are_api() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "REFUSED": 1,
        "USAGE": 2,
        "CANNOT_CONNECT": 3,
        "NOT_AUTHORISED": 4,
        "CONFLICT": 5,
        "NOT_FOUND": 6,
        "INTERRUPTED": 130,
    }


def test_help_names_every_number() -> None:
    assert set(re.findall(r"\d+", EXIT_CODES)) == {str(code.value) for code in ExitCode}


def test_a_refusal_ends_alike_whether_it_came_by_rest_or_over_the_socket() -> None:
    """What the broker's list of refusals gives an HTTP status has the same exit code by its code alone."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d+) \|", ERRORS.read_text(encoding="utf-8"), re.MULTILINE)
    console = [(code, int(status)) for code, status in rows if status in {"401", "404", "409"}]
    assert len(console) > 10
    for code, status in console:
        assert exit_code_of(code) == exit_code_of("", status), code


def test_an_unknown_code_is_a_plain_refusal() -> None:
    assert exit_code_of("something_new") == ExitCode.REFUSED
    assert exit_code_of("something_new", 409) == ExitCode.CONFLICT
