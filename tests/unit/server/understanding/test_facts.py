"""Facts are found as people write and say them, each with its turn and how sure it is."""

from pathlib import Path

import pytest

from server.config_rules import ConfigError
from server.understanding.custom_fields import CustomField
from server.understanding.evaluation.extraction import evaluate
from server.understanding.fact_slots import slot_asked_for
from server.understanding.facts import Said, facts_of, in_turn, read_ahead, read_question_ahead

pytestmark = pytest.mark.unit

WRITTEN = Path(__file__).parents[3] / "data" / "extraction_written.jsonl"


def found(text: str, asked: str = "") -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for one in in_turn(text, slot_asked_for(asked) if asked else None):
        values.setdefault(one.name, []).append(one.value)
    return values


def gathered(*turns: str) -> dict[str, tuple[str, int, float]]:
    """Facts of turns written `C: ...` for the customer and `A: ...` for the assistant."""
    said = [Said(turn.startswith("C:"), turn[3:], number) for number, turn in enumerate(turns, 1)]
    return {fact.name: (fact.value, fact.turn, fact.confidence) for fact in facts_of(said)}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("the order number is one zero two three double eight four three", "order_id", "10238843"),
        ("booking reference is x ray seven kilo two papa quebec", "booking_reference", "X7K2PQ"),
        ("it's order s as in sugar nine double oh four", "order_id", "S9004"),
        ("account number is eight hundred forty two seventeen", "account_number", "84217"),
        ("i was charged forty nine ninety nine", "amount", "49.99"),
        ("forty nine dollars and ninety nine cents", "amount", "49.99"),
        ("j dot smith at example dot co dot uk", "email", "j.smith@example.co.uk"),
        ("acct 0098-7761-22 please", "account_number", "0098-7761-22"),
        ("rather a replacement than my money back", "preferred_resolution", "replacement"),
        ("on the twenty first of june", "date", "06-21"),
        ("it came last friday", "date", "last friday"),
        ("this is John O'Neill, customer id C4471-92", "name", "John O'Neill"),
        ("paid with [card ending 1111]", "card_number", "ending 1111"),
    ],
)
def test_what_is_said_is_found(text: str, name: str, value: str) -> None:
    assert found(text)[name] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "I tried 10 times in 2023 already",
        "the refund still hasn't arrived",
        "two of the three are broken",
        "",
        "ok",
        "🙂" * 50,
    ],
)
def test_where_there_is_nothing_nothing_is_found(text: str) -> None:
    assert found(text) == {}


@pytest.mark.parametrize(
    ("asked", "text", "name", "value"),
    [
        ("Could I have your order number?", "10238843", "order_id", "10238843"),
        ("And your account number please?", "four four seven one nine two zero eight", "account_number", "44719208"),
        ("May I have your name?", "yes it's anna kowalski", "name", "anna kowalski"),
        ("What's your phone number?", "it's 5552139876", "phone", "5552139876"),
        ("Could you give me the booking reference?", "g 75 f 34", "booking_reference", "G75F34"),
    ],
)
def test_a_bare_answer_is_what_was_asked_for(asked: str, text: str, name: str, value: str) -> None:
    assert found(text, asked) == {name: [value]}


def test_each_fact_has_its_turn_and_the_newest_value_holds() -> None:
    facts = gathered("C: order 10238843", "A: Which account?", "C: account 5521-8890", "C: sorry, order 10238844")
    assert facts["order_id"][:2] == ("10238844", 4)
    assert facts["account_number"][:2] == ("5521-8890", 3)


def test_a_read_back_that_is_confirmed_makes_a_fact_sure() -> None:
    said = gathered("C: order 10238843")["order_id"]
    confirmed = gathered("C: order 10238843", "A: So that's order 10238843, correct?", "C: yes")["order_id"]
    assert (confirmed[0], confirmed[2]) == (said[0], 0.99)
    assert confirmed[2] > said[2]


def test_a_read_back_that_is_denied_is_forgotten() -> None:
    assert "order_id" not in gathered("C: order 10238843", "A: I have order 10238843, right?", "C: no")


def test_an_own_field_is_found_by_pattern_or_by_examples() -> None:
    fields = (
        CustomField(name="loyalty_id", examples=("LX-4471",)),
        CustomField(name="meter", pattern=r"meter (\d{5,8})"),
        CustomField(name="site", pattern=r"\b[A-Z]\d\b", words=("site",)),
    )
    values = {one.name: one.value for one in in_turn("loyalty qr-1234, meter 771234, site B4 not B5x", None, fields)}
    assert values == {"loyalty_id": "qr-1234", "meter": "771234", "site": "B4"}


@pytest.mark.parametrize(
    "pattern", [r"(a+)+b", r"(a|aa)*b", r"(x(y*)z){2,}", r"(.)\1", r"a*b*c*d", r"(?<=a)b", "(", "x" * 201]
)
def test_a_pattern_that_may_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="Field slow"):
        CustomField(name="slow", pattern=pattern)


@pytest.mark.parametrize("change", [{"name": "Bad Name"}, {"pattern": ""}, {"examples": ("--",), "pattern": ""}])
def test_a_field_that_says_too_little_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        CustomField(**{"name": "ok", "pattern": r"\d{4}", **change})  # type: ignore[arg-type]


def test_the_written_sentences_are_read_as_well_as_is_promised() -> None:
    groups = evaluate(WRITTEN).groups
    assert groups["chat"]["f1"] >= 0.95
    assert groups["voice"]["f1"] >= 0.85


def test_ten_thousand_turns_are_bounded() -> None:
    turns = [Said(number % 2 == 0, f"order 1{number:07}", number) for number in range(10_000)]
    [order] = [fact for fact in facts_of(turns) if fact.name == "order_id"]
    assert order.value == "10009998"


def test_turns_that_were_read_ahead_are_not_read_again() -> None:
    question, answer = "So that's order 55501234, and your account?", "yes, account 7788 9911 please"
    read_question_ahead(question)
    read_ahead(question, answer)
    before = in_turn.cache_info().misses
    assert {fact.name for fact in facts_of([Said(False, question, 1), Said(True, answer, 2)])} >= {"account_number"}
    assert in_turn.cache_info().misses == before
