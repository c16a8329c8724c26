"""Cut a sentence into the word pieces that MiniLM knows (uncased BERT: longest known piece first)."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

LONGEST_WORD: Final = 60
"""Longer words are unknown as a whole."""
CLS: Final = 101
SEP: Final = 102
_UNKNOWN: Final = 100
_CJK: Final = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F))


@dataclass(frozen=True, slots=True)
class WordPiece:
    """The vocabulary: each piece with its number; pieces inside a word start with ##."""

    numbers: dict[str, int]

    def ids(self, sentence: str, most: int) -> list[int]:
        """Return the numbers of a sentence's pieces between the marks of its start and end, at most `most`."""
        found: list[int] = []
        for word in _split(sentence):
            found += self._pieces(word)
            if len(found) >= most - 2:
                break
        return [CLS, *found[: most - 2], SEP]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > LONGEST_WORD:
            return [_UNKNOWN]
        found: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            end = next((e for e in range(len(word), start, -1) if mark + word[start:e] in self.numbers), None)
            if end is None:
                return [_UNKNOWN]
            found.append(self.numbers[mark + word[start:end]])
            start = end
        return found


@cache
def load_wordpiece() -> WordPiece:
    """Return the vocabulary of uncased BERT (Apache-2.0), one piece a line."""
    text = (files("server.understanding") / "weights" / "vocabulary.txt").read_text(encoding="utf-8")
    return WordPiece({piece: number for number, piece in enumerate(text.rstrip("\n").split("\n"))})


def _split(sentence: str) -> list[str]:
    """Return words and signs in lower case, without accents."""
    plain = unicodedata.normalize("NFD", sentence.lower())
    out: list[str] = []
    for character in plain:
        if "a" <= character <= "z" or character == " ":  # most are
            out.append(character)
            continue
        kind = unicodedata.category(character)
        if kind == "Mn" or (kind.startswith("C") and character not in "\t\n\r"):
            continue
        apart = _is_sign(character, kind) or any(low <= ord(character) <= high for low, high in _CJK)
        out.append(f" {character} " if apart else character)
    return "".join(out).split()


def _is_sign(character: str, kind: str) -> bool:
    return kind.startswith("P") or (character.isascii() and character.isprintable() and kind[0] == "S")
