"""Rules of the translator that reads a book of phrases."""

import pytest

from server.broker.ports.translator import TranslatorError
from server.translation.scripted import ScriptedTranslator, read_phrases, shipped_phrases

pytestmark = pytest.mark.unit


def shipped() -> ScriptedTranslator:
    return ScriptedTranslator(read_phrases(shipped_phrases()), languages=("en",))


async def test_a_phrase_is_found_whatever_its_case_and_sign() -> None:
    assert await shipped().translate("  mein paket ist nicht  angekommen!", "de", "en") == "My parcel has not arrived."
    assert await shipped().translate("one moment, please", "en", "es") == "Un momento, por favor."


async def test_what_is_in_no_book_is_never_guessed() -> None:
    with pytest.raises(TranslatorError, match="no phrase"):
        await shipped().translate("Mein Hund heißt Rex.", "de", "en")
    with pytest.raises(TranslatorError):
        await shipped().translate("My parcel has not arrived.", "en", "fi")


def test_a_phrase_tells_its_language_even_where_no_word_does() -> None:
    assert shipped().language_of("Me han cobrado dos veces") == "es"
    assert shipped().language_of("Ich habe eine Frage und ich bin nicht da") == "de"


@pytest.mark.parametrize(
    "book",
    [
        "",
        "not toml",
        "phrase = 3",
        "[[phrase]]\nen = 'a'",
        "[[phrase]]\nen = 'a'\nde = 3",
        "[[phrase]]\nenglish = 'a'\nde='b'",
    ],
    ids=["empty", "broken", "number", "alone", "no-text", "no-letters"],
)
def test_a_book_that_is_none_is_refused(book: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_phrases(book)


async def test_every_phrase_that_ships_translates_both_ways() -> None:
    book, phrases = shipped(), read_phrases(shipped_phrases())
    for phrase in phrases:
        for source, text in phrase.items():
            for target, wanted in phrase.items():
                assert await book.translate(text, source, target) == wanted
