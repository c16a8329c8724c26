"""What of a mail is the sender's own: no quotes, no signature, no page around it."""

import pytest

from server.channels.email_html import text_of_html
from server.channels.email_quotes import own_words

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "quoted",
    [
        "On Thu, 1 Jan 2026 at 10:00, Desk <desk@example.com> wrote:\n> Good morning\n> you",
        "On Thu, 1 Jan 2026 at 10:00, the whole of a very long department\n<desk@example.com> wrote:\n> Hi",
        "Am 01.01.26 um 10:00 schrieb Desk:\n> Guten Tag",
        "Le jeu. 1 janv. 2026 à 10:00, Desk <desk@example.com> a écrit :\n> Bonjour",
        "El jue, 1 ene 2026 a las 10:00, Desk escribió:\n> Hola",
        "-----Original Message-----\nFrom: Desk\nGood morning",
        "____________________\nFrom: Desk <desk@example.com>\nSent: Thursday\nSubject: Order\n\nGood morning",
        "From: Desk <desk@example.com>\nSent: Thursday\nTo: Ana\nSubject: Re: Order 42\n\nGood morning",
        "Von: Desk <desk@example.com>\nGesendet: Donnerstag\nAn: Ana\nBetreff: AW: Order 42\n\nGuten Tag",
        "> Good morning\n> you",
        "-- \nAna Fields\nHead of nothing",
    ],
)
def test_what_is_quoted_and_signed_is_cut(quoted: str) -> None:
    assert own_words(f"Yes, please.\n\n{quoted}\n") == "Yes, please."
    assert own_words(f"Yes, please.\r\n\r\n{quoted}\r\n".replace("\n", "\r\n")) == "Yes, please."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote to you.\nNothing came.",
        "I ordered from: the shop\nand the subject is closed",
        "> You asked for my number\nIt is 42.\n> And my name\nAna",
        "On Thu, 1 Jan 2026, Desk wrote:\n> You asked for my number\nIt is 42.",
        "a - b -- c",
        "--\nnot a signature: nothing above it",
    ],
)
def test_what_somebody_says_themselves_stays(text: str) -> None:
    assert own_words(text) == text


def test_a_mail_that_only_quotes_is_kept_whole() -> None:
    assert own_words("> Good morning") == "> Good morning"


def test_a_page_becomes_lines_without_scripts_styles_and_quotes() -> None:
    page = """<html><head><title>T</title><style>p {}</style></head><body>
    <p>Hello&nbsp;<b>you</b> &lt;3</p><div>Second<br>third</div><script>alert(1)</script>
    <div class="gmail_quote"><div>On Thu Desk wrote:</div><blockquote>Good morning</blockquote></div>
    <p>After</p></body></html>"""
    assert text_of_html(page) == "Hello you <3\n\nSecond\nthird\n\nAfter"
    outlook = '<p>Yes</p><div id="divRplyFwdMsg"><b>From:</b> Desk</div><div>Good morning</div>'
    assert text_of_html(outlook) == "Yes"


def test_a_page_that_is_broken_or_endless_is_read_as_far_as_it_goes() -> None:
    assert text_of_html("<p>Open <b>never closed") == "Open never closed"
    assert text_of_html("<blockquote>quoted</p></blockquote>own") == "own"
    assert text_of_html("</p></p></div>x<") == "x<"
    assert text_of_html("<div>" * 5000 + "deep") == ""
    assert text_of_html("a<br/>" * 3).split("\n") == ["a", "a", "a"]
