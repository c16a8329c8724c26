"""Whom operators may have called: what no rule lets through is refused, and the refusal names the rule."""

import pytest

from server.broker.ports.dialling import NOWHERE, Callee
from server.config import ConfigError, parse
from server.core.errors import CallerError, NotAllowedError
from server.guard_of import guard_of
from server.telephony.dial_guard import DialRules, ListedNumbers

pytestmark = pytest.mark.unit

RULES = DialRules(allowed=("+3316", "+49", "sip:*@pbx.example.com"), countries=("US",), extension_host="pbx.local:5061")
BOSS = Callee(to="The boss", address="+33612345678", warm_only=True)
GUARD = ListedNumbers(RULES, [("boss", BOSS)])


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("+1 (415) 555-0142", "+14155550142"),
        ("001 415 555 0142", "+14155550142"),
        ("+33 1 62 34 56 78", "+33162345678"),
        ("sip:anna.b@pbx.example.com", "sip:anna.b@pbx.example.com"),
        ("204", "sip:204@pbx.local:5061"),
        ("sip:204@pbx.local:5061", "sip:204@pbx.local:5061"),
        ("+4915112345678", "+4915112345678"),
    ],
)
def test_what_a_rule_lets_through_is_dialled_without_its_signs(words: str, address: str) -> None:
    assert GUARD.callee(words) == Callee(to=words, address=address)


@pytest.mark.parametrize("words", ["boss", "BOSS", "the boss", " The boss ", "+33 6 12 34 56 78"])
def test_the_phonebook_is_known_by_name_by_label_and_by_number_and_needs_no_rule(words: str) -> None:
    assert GUARD.callee(words) == BOSS


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("+33 6 99 99 99 99", "countries"),
        ("+1 876 926 1234", "countries"),
        ("+1 900 234 5678", "premium"),
        ("+49 900 1 123456", "premium"),
        ("+49 900 1 123456 789", "premium"),
        ("+49 180 1 234567", "premium"),
        ("+44 70 1234 5678", "premium"),
        ("+999 123 45678", "unknown_country"),
        ("+1 415 555 01", "unknown_country"),
        ("+870 773 111632", "countries"),
        ("sip:anna@evil.example", "allowed"),
        ("sip:anna@pbx.example.com.evil.example", "allowed"),
        ("sip:evil@host@pbx.example.com", "bad_destination"),
    ],
)
def test_everything_else_is_refused_and_the_refusal_names_the_rule(words: str, rule: str) -> None:
    with pytest.raises((NotAllowedError, CallerError)) as refusal:
        GUARD.callee(words)
    assert refusal.value.details.get("rule", refusal.value.code) == rule
    assert refusal.value.hint


@pytest.mark.parametrize(
    "words",
    ["", "billing", "030 123456", "123456789", "sip:", "sip:a b@pbx.example.com", "+49\r\nX", "tel:+4930123456"],
)
def test_what_is_no_destination_says_how_one_is_written(words: str) -> None:
    with pytest.raises(CallerError, match="nobody of the phonebook") as refusal:
        GUARD.callee(words)
    assert refusal.value.code == "bad_destination"
    assert "+4930123456" in refusal.value.hint


def test_premium_numbers_are_let_through_only_where_they_are_wanted_and_listed() -> None:
    wanted = ListedNumbers(DialRules(allowed=("+49900",), costly=True))
    assert wanted.callee("+499001123456").address == "+499001123456"
    with pytest.raises(NotAllowedError):
        wanted.callee("+19002345678")


def test_nobody_is_called_where_nothing_is_configured() -> None:
    with pytest.raises(NotAllowedError) as refusal:
        NOWHERE.callee("+14155550142")
    assert (refusal.value.details["rule"], NOWHERE.most_a_day, NOWHERE.named()) == ("nobody", 0, ())


def test_the_configuration_makes_the_guard_and_our_own_country_is_the_default() -> None:
    own = parse('[twilio]\ncaller_number = "+493012345678"\n[phonebook.night]\nnumber = "+33612345678"\n')
    guard = guard_of(own)
    assert guard.callee("+4915112345678").address == "+4915112345678"
    assert guard.callee("night").address == "+33612345678"
    with pytest.raises(NotAllowedError):
        guard.callee("+14155550142")
    listed = parse('[twilio]\ncaller_number = "+493012345678"\n[transfers]\ncountries = ["US"]\nmost_a_day_each = 3\n')
    assert guard_of(listed).callee("+14155550142")
    assert guard_of(listed).most_a_day_each == 3
    with pytest.raises(NotAllowedError):
        guard_of(listed).callee("+4915112345678")


def test_a_phonebook_entry_without_a_number_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"\[phonebook.night\] number is missing"):
        guard_of(parse("[phonebook.night]\n"))
    with pytest.raises(ConfigError, match="numbr"):
        parse('[phonebook.night]\nnumbr = "+4930123456"\n')
