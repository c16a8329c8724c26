"""Rules of words: the same folding for texts and queries, nothing of a query is syntax of a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.errors import CallerError
from server.core.search import (
    EXCERPT_LENGTH,
    LONGEST_QUERY,
    LONGEST_WORD,
    MOST_TERMS,
    Query,
    Term,
    excerpt,
    read_query,
    words_of,
)
from server.storage.search import LAST_POSITION, MOST_POSITIONS, fts5_query, ts_query, ts_vector

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Réfund OVERDUE", ["refund", "overdue"]),
        ("re\u0301fund", ["re", "fund"]),
        ("Straße ﬁnd ＡＢＣ", ["strasse", "find", "abc"]),
        ("order_88120/a", ["order", "88120", "a"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("ok 👍🏽", ["ok", "emoji1f44d", "emoji1f3fd"]),
        ("שלום عليكم", ["שלום", "عليكم"]),
        ("\0 ; -- '\" * ()", []),
    ],
)
def test_a_text_is_cut_into_words_without_case_and_accents(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_query_has_words_phrases_beginnings_and_exclusions() -> None:
    assert read_query('Refund "order 88120" pay* -voucher').terms == (
        Term(("refund",)),
        Term(("order", "88120")),
        Term(("pay",), prefix=True),
        Term(("voucher",), excluded=True),
    )


@pytest.mark.parametrize("text", ["", '"', "*", "-", '- "" **', "\0", "-refund", "()"])
def test_a_query_that_asks_for_nothing_is_refused(text: str) -> None:
    with pytest.raises(CallerError) as refused:
        read_query(text)
    assert refused.value.code == "query_empty"


def test_a_query_is_bounded() -> None:
    with pytest.raises(CallerError) as refused:
        read_query("x" * 1_000_000)
    assert refused.value.code == "query_too_long"
    many = read_query(" ".join(f"w{n}" for n in range(90)))
    assert len(many.terms) == MOST_TERMS
    assert len(read_query("y" * LONGEST_QUERY).terms[0].words[0]) == LONGEST_WORD


@given(st.text(max_size=LONGEST_QUERY))
def test_whatever_is_typed_becomes_words_alone(text: str) -> None:
    try:
        query = read_query(text)
    except CallerError:
        return
    for asked in (fts5_query(query), ts_query(query)):
        bare = asked
        for word in (word for term in query.terms for word in term.words):
            assert word.isalnum()
            bare = bare.replace(word, "", 1)
        assert set(bare.replace("AND", "").replace("NOT", "")) <= set("\"'()&!<->:* ")


@given(st.text(max_size=600), st.text(alphabet="abc é😀", min_size=1, max_size=20))
def test_an_excerpt_is_short_and_marks_lie_in_it(text: str, words: str) -> None:
    try:
        query = read_query(words)
    except CallerError:
        return
    piece = excerpt(text, query)
    assert len(piece.text) <= EXCERPT_LENGTH + 2
    for start, end in piece.marks:
        assert 0 <= start < end <= len(piece.text)
        found = words_of(piece.text[start:end])
        assert set(found) & {word for term in query.terms for word in term.words}


def test_an_excerpt_shows_the_first_word_found_with_what_stands_before_it() -> None:
    piece = excerpt(f"{'word ' * 40}the RÉFUND\ncame{' too' * 80}", read_query("refund"))
    assert piece.text.startswith("…")
    assert piece.text.endswith("…")
    ((start, end),) = piece.marks
    assert piece.text[start:end] == "RÉFUND"
    assert "RÉFUND came" in piece.text


def test_a_vector_stays_within_what_the_database_holds() -> None:
    vector = ts_vector([*["again"] * 400, *[f"w{n}" for n in range(20_000)]])
    places = {part.split(":")[0]: part.split(":")[1] for part in vector.split(" ")}
    assert len(places["'again'"].split(",")) == MOST_POSITIONS
    assert places["'w19999'"] == str(LAST_POSITION)


def test_an_excluded_word_is_asked_for_in_each_language() -> None:
    query = Query((Term(("a", "b")), Term(("c",), prefix=True), Term(("d",), excluded=True)))
    assert fts5_query(query) == '("a b" AND "c"*) NOT "d"'
    assert ts_query(query) == "('a' <-> 'b') & ('c':*) & !('d')"
