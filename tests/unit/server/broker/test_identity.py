"""What a site's server signs by the documented lines is believed, and every change of it is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.broker.identity import Identity, believed
from server.core.errors import NotAuthenticatedError
from tests.architecture.source_tree import ROOT
from tests.web_page import SECRET, identity

pytestmark = pytest.mark.unit

KEY = SECRET.encode()


def now() -> datetime:
    return datetime.now(UTC)


def documented() -> Any:
    """Return the function that the page shows."""
    page = (ROOT / "docs/channels/widget.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    return names["identity"]


def test_the_documented_lines_make_a_token_that_is_believed() -> None:
    token = documented()(KEY, "u-17", "Zoë", "zoe@example.com")
    assert believed(token, KEY, now()) == Identity(user_id="u-17", name="Zoë", email="zoe@example.com")


@given(st.integers(0, 300), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_token_with_one_other_letter_is_not_believed(place: int, letter: str) -> None:
    token = identity(name="Zoe")
    place %= token.rindex(".")  # what is signed; the last letter of the signature has bits that nobody reads
    if token[place] == letter:
        return
    with pytest.raises(NotAuthenticatedError):
        believed(token[:place] + letter + token[place + 1 :], KEY, now())


@given(st.text(max_size=60))
def test_what_is_no_token_is_refused_and_breaks_nothing(token: str) -> None:
    with pytest.raises(NotAuthenticatedError) as refusal:
        believed(token, KEY, now())
    assert refusal.value.code == "bad_identity"


def test_a_token_is_good_until_its_end_and_no_longer() -> None:
    token = identity(seconds=600)
    assert believed(token, KEY, now() + timedelta(seconds=590)).user_id == "u-17"
    with pytest.raises(NotAuthenticatedError) as refusal:
        believed(token, KEY, now() + timedelta(seconds=610))
    assert refusal.value.code == "identity_expired"


def test_terminal_tricks_in_a_name_are_made_harmless() -> None:
    found = believed(identity(name="Zoe\x1b[2J\u202e", sub="u\n17"), KEY, now())
    assert "\x1b" not in found.name
    assert "\u202e" not in found.name
    assert "\n" not in found.user_id
