"""What must not be kept is taken out, written or spoken; what is needed stays."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from server.understanding.redaction import MARK, Policy, redact
from server.understanding.secrets_asked import Secret

pytestmark = pytest.mark.unit

EVERYTHING = Policy()
UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
BRANDS = {"4": 16, "51": 16, "2221": 16, "34": 15, "37": 15, "6011": 16, "36": 14, "3528": 16, "62": 16}


@st.composite
def cards(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(sorted(BRANDS)))
    body = prefix + "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=19, max_size=19)))
    body = body[: BRANDS[prefix] - 1]
    return body + luhn.calc_check_digit(body)


def said(number: str, oh: str = "zero") -> str:
    return " ".join(oh if sign == "0" else UNITS[int(sign)] for sign in number)


def hidden(text: str, *earlier: tuple[bool, str]) -> str:
    return redact(text, EVERYTHING, earlier).text


@given(
    cards(),
    st.sampled_from(["", " ", "-", ".", " - ", "\n"]),
    st.sampled_from(["{}", "it's {} ok?", "card: {}, exp 12/29"]),
)
def test_a_written_card_is_never_kept_however_it_is_grouped(card: str, between: str, around: str) -> None:
    groups = between.join(card[at : at + 4] for at in range(0, len(card), 4))
    text = hidden(around.format(groups))
    assert f"[card ending {card[-4:]}]" in text
    assert card[:8] not in "".join(sign for sign in text if sign.isdigit())


@given(cards())
def test_a_number_within_a_digest_or_an_identifier_is_no_card(card: str) -> None:
    assert hidden(f"commit 9f{card}ae failed") == f"commit 9f{card}ae failed"
    assert hidden(f"卡号{card}请") == f"卡号[card ending {card[-4:]}]请"


@given(cards(), st.sampled_from(["zero", "oh", "o"]))
def test_a_spoken_card_is_never_kept(card: str, oh: str) -> None:
    text = hidden(f"yes sure it is {said(card, oh)} thanks")
    assert text == f"yes sure it is [card ending {card[-4:]}] thanks"


@given(cards())
def test_a_card_in_another_script_is_a_card(card: str) -> None:
    arabic = "".join(chr(0x0660 + int(sign)) for sign in card)
    assert hidden(f"رقم {arabic}") == f"رقم [card ending {card[-4:]}]"


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = hidden(text)
    assert hidden(once) == once


@given(
    cards(), st.sampled_from(["my card is {} and the cvv is 123", "my pin is 4821, card {}", "password: s3cret99 {}"])
)
def test_redacting_twice_changes_nothing_where_there_is_something(card: str, text: str) -> None:
    once = hidden(text.format(card))
    assert MARK.search(once)
    assert hidden(once) == once
    assert hidden(once, (False, "What is your card number?")) == once


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("the cvv is 123", "the cvv is [security code]"),
        ("security code one two three", "security code [security code]"),
        ("482 is the code on the back", "[security code] is the code on the back"),
        ("the verification code you sent me was 482913", "the verification code you sent me was [one-time code]"),
        ("my pin is forty eight twenty one", "my pin is [PIN]"),
        ("my password is hunter22, ok", "my password is [password], ok"),
        ("iban DE89 3704 0044 0532 0130 00 please", "iban [IBAN ending 3000] please"),
        ("GB29NWBK60161331926819", "[IBAN ending 6819]"),
        ("ssn 123-45-6789", "ssn [national id]"),
        ("social security number one two three four five six seven eight nine", "social security number [national id]"),
        ("AB 12 34 56 C", "[national id]"),
        ("12345678Z", "[national id]"),
        ("passport number is X1234567", "passport number is [national id]"),
        ("card 4111-1111-1111-1112", "card [card ending 1112]"),
        ("two cards: 4111111111111111 and 5500005555555559", "two cards: [card ending 1111] and [card ending 5559]"),
        ("four double one one one one one one one one one one one one one one", "[card ending 1111]"),
    ],
)
def test_secrets_that_are_named_are_taken_out(text: str, kept: str) -> None:
    assert hidden(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "order 10238843, tracking 1Z999AA10123456784",
        "my card was charged 4999 dollars on 12/04/2024",
        "I was charged $49.99 on my card twice, 5 times I called about my security code",
        "call me on +1 (415) 555-2671",
        "my password is not working",
        "pincode 560001",
        "my visa card was declined for order 10238843",
        "my phone is seven one eight triple five oh one nine two",
        "sim card number 8944501234567890",
        "the card ending in 1111",
    ],
)
def test_what_the_operator_needs_stays(text: str) -> None:
    assert hidden(text) == text


@pytest.mark.parametrize(
    ("asked", "text", "kept"),
    [
        ("What is the three digit code on the back?", "123", "[security code]"),
        ("Please read me the verification code we sent you.", "four eight two nine", "[one-time code]"),
        ("What's your card number?", "4111 1111", "[card digits]"),
        ("What's your card number?", "my order number is 10238843", "my order number is 10238843"),
        ("What's your card number?", "it was 49 dollars", "it was 49 dollars"),
        ("What are the last four digits of your card?", "1111", "1111"),
        ("And your password?", "hunter22", "[password]"),
        ("What is your order number?", "123", "123"),
    ],
)
def test_bare_digits_are_what_was_asked_for(asked: str, text: str, kept: str) -> None:
    assert hidden(text, (False, asked)) == kept


def test_a_card_said_in_pieces_is_still_the_answer_to_the_question() -> None:
    earlier = [(False, "What's your card number?"), (True, "[card digits]"), (False, "mhm")]
    assert hidden("one one one one", *earlier) == "[card digits]"
    assert hidden("one one one one", *earlier, (False, "Thanks. And your order number?")) == "one one one one"


@pytest.mark.parametrize(
    ("change", "text", "kept"),
    [
        ({"cards": False}, "4111111111111111", "4111111111111111"),
        ({"card_endings": False}, "4111111111111111", "[card]"),
        ({"security_codes": False}, "cvv 123", "cvv 123"),
        ({"one_time_codes": False}, "my pin is 4821", "my pin is 4821"),
        ({"passwords": False}, "password: hunter22", "password: hunter22"),
        ({"ibans": False}, "GB29NWBK60161331926819", "GB29NWBK60161331926819"),
        ({"national_ids": False}, "ssn 123-45-6789", "ssn 123-45-6789"),
    ],
)
def test_a_policy_says_what_is_taken_out(change: dict[str, bool], text: str, kept: str) -> None:
    assert redact(text, Policy(**change)).text == kept


def test_what_was_taken_is_told_with_its_place() -> None:
    [taken] = redact("cvv 123 ok", EVERYTHING).taken
    assert (taken.secret, taken.start, taken.end) == (Secret.SECURITY_CODE, 4, 7)


def test_order_numbers_are_almost_never_taken_for_cards() -> None:
    chance = random.Random(20260329)
    orders = [
        "".join(chance.choice("0123456789") for _ in range(chance.choice((6, 8, 9, 10, 11, 12)))) for _ in range(2000)
    ]
    assert [order for order in orders if hidden(f"my order number is {order}, where is it?").count("[")] == []
    long = ["".join(chance.choice("0123456789") for _ in range(16)) for _ in range(2000)]
    taken = sum(hidden(f"order {order}").count("[") for order in long)
    assert taken / len(long) < 0.08, "one in ten numbers of a card's length has a card's check digit"


def test_a_flood_of_digits_is_read_in_time_that_grows_with_it() -> None:
    text = "1 " * 10_000
    assert hidden(text) == text
