"""What docs/replies.md says can be done as it stands there."""

import re
from pathlib import Path

import pytest

from operator_console.model.replies import FIELDS, parse
from operator_console.tui.slash import SLASH_COMMANDS

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[4] / "docs" / "replies.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_is_read() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert [reply.name for reply in parse(example, taken=SLASH_COMMANDS)] == ["greeting", "refund"]


def test_the_page_names_every_command_and_every_field() -> None:
    assert {name for name in SLASH_COMMANDS if f"`/{name} " in PAGE or f"`/{name}`" in PAGE} == set(SLASH_COMMANDS)
    assert {field for field in FIELDS if f"`{{{field}}}`" in PAGE} == set(FIELDS)
