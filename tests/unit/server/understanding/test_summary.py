"""A summary says the issue, what was tried and where it stands, in the words that were said and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.understanding import summary
from server.understanding.evaluation import rouge
from server.understanding.summary import MOST_WORDS, SummaryStatus, figures_in, is_grounded, summarise
from server.understanding.summary_person import told_of_customer, told_of_us

pytestmark = pytest.mark.unit

CALL = [
    (False, "Hello, how can I help you today?"),
    (True, "Hi, I was charged 64.90 twice for my June broadband, account LF-204."),
    (False, "I am sorry to hear that. I have checked both payments and the second one is settled."),
    (True, "I already called my bank on 3 June."),
    (False, "Refunds above 50 need a colleague, so we will have to pass this on."),
    (True, "Can I please speak to a person?"),
]


def test_a_summary_says_issue_attempts_and_where_it_stands() -> None:
    made = summarise(CALL)
    assert made.status is SummaryStatus.OK
    assert made.text.startswith("The customer is complaining that they were charged 64.90 twice")
    assert "The assistant says" in made.text
    assert "speak to a person" not in made.text
    assert 2 <= made.text.count(". ") + 1 <= 3
    assert len(made.text.split()) <= MOST_WORDS


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=200)), max_size=12))
def test_no_figure_is_ever_made_up_and_the_bound_holds(turns: list[tuple[bool, str]]) -> None:
    made = summarise(turns)
    assert is_grounded(made.text, [text for _, text in turns])
    assert len(made.text.split()) <= MOST_WORDS + 10
    assert (made.text == "") == (made.status is not SummaryStatus.OK)


@pytest.mark.parametrize(
    "turns", [[], [(True, "hi")], [(False, "How can I help?")], [(True, "...")], [(False, "x"), (False, "y")]]
)
def test_too_little_is_a_status_not_an_error(turns: list[tuple[bool, str]]) -> None:
    assert summarise(turns) == summarise(turns)
    assert summarise(turns).status is SummaryStatus.TOO_SHORT


def test_an_invented_figure_is_seen() -> None:
    assert figures_in("order 88231-B, $49.99 on 3 June.") == {"88231-b", "49.99", "3"}
    assert is_grounded("They paid 49.99.", ["I paid $49.99!"])
    assert not is_grounded("They paid 59.99.", ["I paid $49.99!"])


def test_ten_thousand_turns_are_summarised_by_their_ends() -> None:
    turns = [*CALL[:2], *[(n % 2 == 0, f"Well, step {n} did not work for me.") for n in range(10_000)], *CALL[4:]]
    assert "64.90" in summarise(turns).text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I was charged twice and you took my money", "they were charged twice and we took their money"),
        ("I'm still waiting for you", "they're still waiting for us"),
        ("you promised me a call", "we promised them a call"),
        ("I am not happy with your service", "they are not happy with our service"),
    ],
)
def test_the_person_is_changed_without_breaking_the_verb(said: str, told: str) -> None:
    assert told_of_customer(said) == told


def test_our_own_side_says_we() -> None:
    assert told_of_us("I have sent you your new card") == "we have sent them their new card"


def test_rouge_counts_as_it_is_defined() -> None:
    reference, made = rouge.tokens("the cat sat on the mat"), rouge.tokens("the cat is on the mat")
    assert rouge.rouge_n(reference, made, 1) == pytest.approx(5 / 6)
    assert rouge.rouge_n(reference, made, 2) == pytest.approx(3 / 5)
    assert rouge.rouge_l(reference, made) == pytest.approx(5 / 6)
    assert rouge.rouge_l(reference, ()) == 0
    assert rouge.tokens("Charges, charged!") == ("charg", "charg")


def test_a_summary_that_would_invent_a_figure_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "told_of_customer", lambda text: f"{text} 77.70")
    assert summarise(CALL) == summary.Summary("", SummaryStatus.UNGROUNDED)
