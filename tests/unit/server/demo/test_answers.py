"""A scripted customer answers what was asked, and never runs dry."""

from itertools import pairwise

import pytest

from server.demo.answers import AnswerBook
from server.demo.content import Script, load_content

pytestmark = pytest.mark.unit


def script(name: str) -> Script:
    return next(one for one in load_content().scripts if one.id == name)


@pytest.mark.parametrize(
    ("name", "said", "answer"),
    [
        ("missing_refund", "What are the last four digits of your card?", "it ends in 4417"),
        ("missing_refund", "I am SORRY about that", "no worries, these things happen"),
        ("cancel_broadband", "I can put you back to 27.00 a month for 18 months", "27 for 18 months... fine"),
        ("third_outage", "I am booking an engineer for tomorrow", "Tomorrow morning? Fine"),
        ("strange_login", "May I ring the number we hold?", "Yes, ring me"),
    ],
)
def test_a_keyword_picks_the_fitting_answer(name: str, said: str, answer: str) -> None:
    assert AnswerBook(script(name)).reply_to(said).text.startswith(answer)


def test_a_keyword_answer_is_given_once() -> None:
    book = AnswerBook(script("missing_refund"))
    first = book.reply_to("your card?")
    assert book.reply_to("your card?") is not first


def test_words_nobody_foresaw_still_get_sensible_answers_without_end() -> None:
    book = AnswerBook(script("house_move"))
    plain = {answer.text for answer in script("house_move").answers if not answer.words}
    said = [book.reply_to("zxcvb").text for _ in range(20)]
    assert set(said) == plain
    assert said.count(script("house_move").answers[0].text) == 1  # nobody says hello twice
    assert all(one != two for one, two in pairwise(said[2:]))


def test_an_operator_who_is_heard_but_not_read_gets_the_story_in_its_order() -> None:
    book = AnswerBook(script("double_charge"))
    told = [book.reply_to("") for _ in script("double_charge").answers]
    assert told == list(script("double_charge").answers)
    assert book.exhausted


def test_a_word_counts_at_the_beginning_of_a_word_only() -> None:
    book = AnswerBook(script("missing_refund"))
    assert "4417" not in book.reply_to("I discarded it").text
