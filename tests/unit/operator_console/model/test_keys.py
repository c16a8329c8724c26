"""Rules of key names: what people write is what the terminal sends, or it is refused."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from operator_console.model.keys import KEY_NAMES, key_named, key_of, nearest_key, shown

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("character", string.ascii_letters + string.digits + string.punctuation + " éß")
def test_a_character_is_named_as_the_screen_hears_it(character: str) -> None:
    assert key_named(character) == _character_to_key(character)


@pytest.mark.parametrize("name", KEY_NAMES)
def test_every_documented_name_is_a_key(name: str) -> None:
    assert key_named(name) == name


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("F6", "f6"),
        ("Ctrl+T", "ctrl+t"),
        ("shift+ctrl+f3", "ctrl+shift+f3"),
        ("shift+a", "A"),
        ("PgUp", "pageup"),
        ("ctrl+i", "tab"),
        ("ctrl+[", "escape"),
        ("alt++", "alt+plus"),
        ("f66", None),
        ("meta+x", None),
        ("", None),
        ("ctrl+", None),
    ],
)
def test_names_may_be_written_in_several_ways(written: str, key: str | None) -> None:
    assert key_named(written) == key


@given(st.text(max_size=30))
def test_any_text_is_a_key_or_none_and_a_key_names_itself(text: str) -> None:
    key = key_named(text)
    if key is not None and key.isascii() and text.isascii():
        assert key_named(key) == key
    assert isinstance(nearest_key(text), str)


def test_the_nearest_key_keeps_the_modifier_and_the_letter() -> None:
    assert nearest_key("ctl+t") == "ctrl+t"
    assert nearest_key("pgdwn") == "pagedown"


def test_keys_are_shown_as_people_read_them() -> None:
    assert [shown(key) for key in ("slash", "pageup", "ctrl+p", "f1", "shift+tab", "m")] == [
        "/", "PgUp", "^p", "F1", "shift+tab", "m",
    ]  # fmt: skip
    assert key_of({"call.mute": ("f6",)}, "call.mute", "m") == "F6"
    assert key_of({"call.mute": ()}, "call.mute", "m") == ":call.mute"
    assert key_of({}, "call.mute", "m") == "m"
