"""Rules of the filter for text from outside."""

import re
import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.wire import characters, sanitize
from server.wire.sanitize import DOT, ELLIPSIS, MAX_MARKS, REPLACEMENT, cell_width, clean_line, clean_text

pytestmark = pytest.mark.unit

ZWJ, ZWNJ, VS16 = "\u200d", "\u200c", "\ufe0f"
FORBIDDEN = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
ATTACKS = (
    "\x1b]0;owned\x07title",
    "\x1b]52;c;ZXZpbA==\x1b\\clip",
    "\x1b[2J\x1b[H\x1b[31mred",
    "\x9b31mc1",
    "\x90q#0;2;0;0;0\x9csixel",
    "\x1b[6n\x05status",
    "Anna\rEve",
    "pay \u202e001 to me",
    "\u2066isolate\u2069",
    "zero\u200bwidth\u2060\ufeff",
    "\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065 tags",
    "Z" + "\u0300\u0316\u0321\u0489" * 200,
    "\ud800lone\udfff",
    "\ue000private\U0010ffff",
    "\u2800\u3164\uffa0\u115f\u1160",
    "line\u2028sep\u2029para\x85nel\x0bvt\x0cff",
    "\x7f\x08\x08\x08backspace",
    "\u0301starts with a mark",
)
hostile = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("\x1b\r\n\t\u200d\u200c\ufe0f\ufe0e\u0300\u0344\u0f73\u20e3\u034f\u1100\u1161\u11a8 a1#"),
        st.sampled_from("\u2764\U0001f468\U0001f3fd\U0001f1e9\U0001f1ea\u0915\u094d\u0937\u0645\u06cc\u2126\U0001d15e"),
        st.characters(categories=["Mn", "Mc", "Me", "Cf", "Lo"]),
    ),
    max_size=80,
)


def survivors(text: str) -> list[str]:
    """The characters of cleaned text that a terminal could obey or that nobody could see."""
    bad = []
    for index, char in enumerate(text):
        category = unicodedata.category(char)
        joiner = char in (ZWJ, ZWNJ) and 0 < index < len(text) - 1
        if char != "\n" and (category in FORBIDDEN or (category == "Cf" and not joiner)):
            bad.append(char)
    return bad


def longest_run_of_marks(text: str) -> int:
    best = run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char)[0] == "M" and char not in "\ufe0e\ufe0f" else 0
        best = max(best, run)
    return best


def test_no_code_point_of_all_1114112_survives_that_should_not() -> None:
    for start in range(0, sys.maxunicode + 1, 4096):
        everything = "".join(chr(point) + "b" for point in range(start, min(start + 4096, sys.maxunicode + 1)))
        assert survivors(clean_text(everything, max_chars=100_000, max_lines=10_000)) == []
        assert "\n" not in clean_line(everything, max_cells=100_000)
    assert len(characters.KINDS) <= 16_384
    assert len(sanitize._substitutes) <= 16_384


def test_every_code_point_that_skips_the_filter_is_printable_and_its_own_nfc() -> None:
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        if sanitize._PLAIN.fullmatch(char) and char not in "\n\t":
            assert unicodedata.category(char) not in {*FORBIDDEN, "Cf", "Mn", "Mc", "Me"}, hex(point)
            assert char == " " or unicodedata.category(char) != "Zs", hex(point)
            assert unicodedata.is_normalized("NFC", "e" + char + "e"), hex(point)
            assert not unicodedata.combining(char), hex(point)
            assert char not in characters.BLANKS, hex(point)


def test_every_code_point_that_the_sieve_takes_in_runs_is_of_the_kind_of_its_run() -> None:
    contextual = {characters.Kind.MARK, characters.Kind.STYLE, characters.Kind.JOINER}
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        match = sanitize._pieces().fullmatch(char)
        if match and match.lastgroup == "starters":
            assert characters.classify(char) not in contextual, hex(point)
        elif match and match.lastgroup == "marks":
            assert characters.classify(char) in {characters.Kind.MARK, characters.Kind.REPLACE}, hex(point)
        if re.fullmatch(f"[{sanitize._SCRIPT_LETTERS}]", char):
            assert sanitize._spelling[char] == "L" or characters.classify(char) is characters.Kind.REPLACE, hex(point)
        if re.fullmatch(f"[{sanitize._SCRIPT_MARKS}]", char):
            assert sanitize._spelling[char] == "M" or characters.classify(char) is characters.Kind.REPLACE, hex(point)
        joined = sanitize._pieces().fullmatch(f"{char}{ZWJ}\U0001f468")
        if joined and joined.lastgroup == "joined":
            assert characters.classify(char) in {characters.Kind.EMOJI, characters.Kind.REPLACE}, hex(point)


class OneByOne(sanitize._Sieve):
    """The sieve without its short ways: what they must come to."""

    def run(self, text: str) -> str:
        for at, char in enumerate(text):
            self._take(char, text[at + 1 : at + 2])
        return "".join(self.out)


pieces = st.lists(
    st.one_of(
        st.sampled_from(["\U0001f468", "\U0001f469", ZWJ, ZWJ, VS16, "\U0001f3fd", "\u2764", "\u20e3", "1", "\n", "a"]),
        st.sampled_from(["\u0301", "\u0316", "\u093e", "\u0bbe", "\u064b", "\u0915", ZWNJ, "\u1161", "\U0001f1e9"]),
        st.sampled_from(["\U0001f468\u200d" * n + "\U0001f469" for n in range(1, 7)]),
        st.sampled_from(["\u2764\ufe0f\u200d" * n + "\U0001f525\ufe0f" for n in range(1, 7)]),
        st.sampled_from(["\u0301" * n for n in range(1, 8)]),
        st.sampled_from(["\u0915\u093f\u200d", "\u0628\u200c\u0627", "\u1100\u1161\u11a8", "e\u0301\u0302", "\ue000"]),
        st.characters(),
    ),
    max_size=40,
).map("".join)


@settings(max_examples=1_500)
@given(pieces)
def test_runs_come_out_as_their_characters_one_by_one(text: str) -> None:
    translated = text.translate(sanitize._substitutes)
    quick, slow = sanitize._Sieve(), OneByOne()
    assert quick.run(translated) == slow.run(translated)
    assert (quick.previous, quick.marks) == (slow.previous, slow.marks)


@pytest.mark.parametrize(
    "text",
    [
        "e\u0301\u0302\u0303\u0304\u0305\u0306",
        "\u0915\u093f\u0947\u094d",
        "\u0628\u200c\u0627\u200d",
        "\u1100\u1161\u11a8",
        "\U0001f469\u200d\U0001f469\u200d\U0001f467",
        "\U0001f469\u200d" * 6 + "\U0001f467",
    ],
    ids=["stacked marks", "vowel signs", "joined words", "jamo", "joined emoji", "long chains"],
)
def test_a_hostile_page_is_taken_in_runs(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0

    def counted(real: Callable[..., None]) -> Callable[..., None]:
        def step(sieve: object, *given: object) -> None:
            nonlocal steps
            steps += 1
            real(sieve, *given)

        return step

    for name in ("_take", "_keep", "_pile", "_join"):
        monkeypatch.setattr(sanitize._Sieve, name, counted(getattr(sanitize._Sieve, name)))
    page = text * (20_000 // len(text))
    assert len(clean_text(page)) <= 20_000
    assert 0 < steps < len(page) // 2


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_terminal_would_obey_is_replaced(attack: str) -> None:
    for cleaned in (clean_line(attack), clean_text(attack)):
        assert survivors(cleaned) == []
        assert cleaned.isprintable()
        assert longest_run_of_marks(cleaned) <= MAX_MARKS
        cleaned.encode("utf-8")


@settings(max_examples=400, deadline=None)
@given(hostile, st.integers(1, 60), st.integers(1, 5))
def test_cleaning_twice_changes_nothing(text: str, chars: int, lines: int) -> None:
    for once in (clean_text(text), clean_text(text, chars, lines)):
        assert clean_text(once) == once
    assert clean_text(clean_text(text, chars, lines), chars, lines) == clean_text(text, chars, lines)
    assert clean_line(clean_line(text)) == clean_line(text)
    assert clean_line(clean_line(text, chars), chars) == clean_line(text, chars)
    assert clean_line(clean_text(text)) == clean_line(clean_line(clean_text(text)))


@settings(max_examples=400, deadline=None)
@given(hostile, st.integers(1, 60), st.integers(1, 5))
def test_the_caps_hold_for_any_text(text: str, size: int, lines: int) -> None:
    block = clean_text(text, size, lines)
    assert len(block) <= size
    assert block.count("\n") < lines
    line = clean_line(text, size)
    assert cell_width(line) <= size
    assert "\n" not in line
    for cleaned in (block, line):
        assert survivors(cleaned) == []
        assert longest_run_of_marks(cleaned) <= MAX_MARKS
        assert unicodedata.is_normalized("NFC", cleaned)
        assert not cleaned or unicodedata.category(cleaned[0])[0] != "M"


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus Zürich, naïve façade, 5 € ± 2 µm",
        "Привет, где мой заказ?",
        "こんにちは、注文はどこですか",
        "안녕하세요 주문",
        "שלום עולם",
        "می\u200cخواهم",
        "\u0915\u094d\u200d\u0937",
        "สวัสดีครับ",
        "👨‍👩‍👧‍👦 👩🏽‍🚀 ❤️ 1️⃣ 🇩🇪 🏳️‍🌈",
        "Tiếng Việt",
        "line one\nline two\n\nline four",
        "=cmd|' /C calc'!A0 [bold]not markup[/bold] <script>",
    ],
)
def test_what_people_really_write_is_kept_as_it_is(text: str) -> None:
    assert clean_text(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\u200db", f"a{DOT}b"),
        ("a" + ZWNJ * 3 + "b", f"a{DOT * 3}b"),
        ("\u0645" + ZWNJ, f"\u0645{DOT}"),
        ("👩" + ZWJ + "a", f"👩{DOT}a"),
        ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦"),
        ("👩" + (ZWJ + "👩") * 4, "👩" + (ZWJ + "👩") * 3 + DOT + "👩"),
        ("a" + VS16 + "b", "ab"),
        ("葛\U000e0100", "葛"),
        ("e\u0301", "é"),
        ("e\u034f\u0301", "é"),
        ("\u0301", REPLACEMENT),
        ("a\n\u0301b", f"a\n{REPLACEMENT}b"),
        ("a\u00a0b\u3000c", "a b c"),
        ("\u2800\u3164\uffa0\u115f\u1160", REPLACEMENT * 5),
        ("a\tb", "a    b"),
        ("a\r\nb\rc", f"a\nb{REPLACEMENT}c"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("\u0344" * 4 + "x", f"{REPLACEMENT}\u0308\u0301\u0308\u0301x"),
    ],
)
def test_each_rule_has_its_result(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_a_line_is_cut_by_cells_between_whole_characters() -> None:
    assert clean_line("hello world", 6) == "hello" + ELLIPSIS
    assert clean_line("hello", 5) == "hello"
    assert clean_line("日本語", 4) == "日" + ELLIPSIS
    assert clean_line("日本語", 6) == "日本語"
    assert clean_line("cafe\u0323\u0302s", 4) == "caf" + ELLIPSIS
    assert clean_line("ab🇩🇪", 3) == "ab" + ELLIPSIS
    assert clean_line("one\ntwo\r\nthree\tfour") == "one two three four"
    assert clean_line("anything", 0) == ""


def test_a_text_is_cut_by_characters_and_by_lines_with_the_cut_shown() -> None:
    assert clean_text("abcdef", 4) == "abc" + ELLIPSIS
    assert clean_text("abcd", 4) == "abcd"
    assert clean_text("a\nb\nc\nd", max_lines=2) == "a\nb" + ELLIPSIS
    assert clean_text("ab👨‍👩‍👧", 5) == "ab" + ELLIPSIS
    assert clean_text("ab🇩🇪🇫🇷c", 6) == "ab🇩🇪" + ELLIPSIS
    assert clean_text("ab🇩🇪🇫🇷", 6) == "ab🇩🇪🇫🇷"
    assert clean_text("می\u200cخواهم", 4) == "می" + ELLIPSIS
    assert clean_text("anything", 0) == ""


def test_a_tab_counts_as_the_spaces_it_becomes_before_the_cap() -> None:
    assert clean_text("\t" * 100, max_chars=10) == " " * 9 + ELLIPSIS


@pytest.mark.parametrize(
    "message",
    [
        "\x1b[31m" * 400_000,
        "\u0300\u0316" * 1_000_000,
        "a" + "\u0316\u0300" * 1_000_000,
        "👩\u200d" * 1_000_000,
        "\U0001f1e9" * 2_000_000,
        "\u1100\u1161\u11a8" * 700_000,
        "\n" * 2_000_000,
    ],
    ids=["ansi", "orphan marks", "zalgo", "joined", "flags", "jamo", "newlines"],
)
def test_a_hostile_message_of_2_mb_costs_no_more_than_its_first_page(
    message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    safe = sanitize._safe

    def counting(text: str) -> str:
        nonlocal looked_at
        looked_at += len(text)
        return safe(text)

    monkeypatch.setattr(sanitize, "_safe", counting)
    assert len(clean_text(message)) <= 20_000
    assert cell_width(clean_line(message)) <= 200
    assert looked_at <= 2 * 20_000 + 256 + 16 * 200 + 256


def test_the_width_of_a_text_is_never_less_than_a_wide_glyph_takes() -> None:
    assert cell_width("abc") == 3
    assert cell_width("日本") == 4
    assert cell_width("e\u0301") == 1
    assert cell_width("❤️") == 2
    assert cell_width("a\nb") == 2
