"""What mails tell: customers' words, however they are encoded, and nothing that a machine sent by itself."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming
from server.channels.email_events import PLACE, Mailbox, base_subject, chat_of, event_of
from server.channels.email_text import content_of, files_in, mail_of
from server.wire.terms import Delivery
from tests.contract.channel_kits.email import ADDRESS, BOUNCE, CUSTOMER, OURS, SEEN, mail, with_file

pytestmark = pytest.mark.unit

MAILBOX = Mailbox(ADDRESS)


def told(raw: bytes | EmailMessage, **headers: str) -> ChannelEvent:
    body = raw if isinstance(raw, bytes) else raw.as_bytes()
    return event_of(Incoming(body=body, headers={PLACE: "7/1", **headers}), MAILBOX)


def raw_mail(headers: str, body: bytes) -> bytes:
    return f"From: {CUSTOMER}\r\nMessage-ID: <m1@x.example>\r\n{headers}\r\n\r\n".encode("latin-1") + body


def test_a_mail_has_its_sender_thread_time_id_and_what_it_answers() -> None:
    event = told(mail(Subject="Re: Order 42", In_Reply_To=OURS), date="21 Nov 2026 19:00:00 +0000")
    assert event.kind is EventKind.MESSAGE
    assert (event.chat, event.sender_ids, event.sender_name) == (
        f"{CUSTOMER} Order 42",
        (f"email:{CUSTOMER}",),
        "Ana Fields",
    )
    assert (event.text, event.message_id, event.reply_to) == ("Where is my order?", "<m1@customer.example>", OURS)
    assert event.at == datetime(2026, 11, 21, 19, tzinfo=UTC)


def test_answers_under_one_subject_stay_in_one_conversation_and_another_subject_is_another() -> None:
    subjects = ["Order 42", "Re: Order 42", "RE: AW: Order 42", "Re[2]: Order 42", "Fwd: Order 42", "回复：Order 42"]
    chats = {told(mail(Subject=subject)).chat for subject in subjects[:5]}
    assert chats == {f"{CUSTOMER} Order 42"}
    assert told(mail(Subject="Order 43")).chat not in chats
    assert told(mail(Subject="")).chat == CUSTOMER


def test_a_form_s_mail_is_answered_to_the_customer_and_not_to_the_form() -> None:
    event = told(mail(sender="no-reply@shop.example", Reply_To=f"Bo <{CUSTOMER.upper()}>"))
    assert (event.kind, event.chat, event.sender_name) == (EventKind.MESSAGE, f"{CUSTOMER} Order 42", "Bo")
    assert told(mail(sender="no-reply@shop.example")).kind is EventKind.UNKNOWN


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ("Content-Type: text/plain; charset=iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("Content-Type: text/plain; charset=koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("Content-Type: text/plain; charset=iso-2022-jp", "こんにちは".encode("iso-2022-jp"), "こんにちは"),
        ("Content-Type: text/plain; charset=no-such-charset", "Grüße".encode(), "Grüße"),
        ("Content-Type: text/plain; charset=utf-8", "Grüße".encode("windows-1252"), "Grüße"),
        ("Content-Type: text/plain", b"\xff\xfe\x00", "ÿþ\x00"),
        ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64", b"R3LDvMOfZQ==", "Grüße"),
        ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64", b"R3LDvMOfZQ", "Grüße"),
        (
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
            b"Gr=C3=BC=C3=9Fe=\r\n!",
            "Grüße!",
        ),
        ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: x-unknown", b"plain", "plain"),
        ('Content-Type: ;;;="', b"plain", "plain"),
        ("Content-Type: text/html; charset=utf-8", b"<p>Hello<br>you</p>", "Hello\nyou"),
        ("Content-Type: multipart/mixed; boundary=never", b"no boundary here", "no boundary here"),
    ],
)
def test_words_come_out_of_every_encoding(headers: str, body: bytes, words: str) -> None:
    event = told(raw_mail(headers, body))
    assert event.kind is EventKind.MESSAGE
    assert event.text == words


def test_headers_are_decoded_and_cannot_hold_a_second_line() -> None:
    raw = raw_mail("Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n =?iso-8859-1?q?_f=FCr_Ana?=", b"x")
    assert told(raw).chat == f"{CUSTOMER} Grüße für Ana"
    injected = raw_mail("Subject: =?utf-8?q?Hello=0D=0ABcc:_all@x.example?=", b"x")
    assert told(injected).chat == f"{CUSTOMER} Hello Bcc: all@x.example"
    broken = raw_mail("Subject: =?utf-8?b?!!!?= =?nope?q?x?=", b"x")
    assert told(broken).kind is EventKind.MESSAGE


def test_an_address_that_is_none_is_not_answered() -> None:
    for sender in ("", "nobody", "@", "a b@c.example", "<>", "ü@x.example", "x" * 10):
        raw = f"From: {sender}\r\nMessage-ID: <m@x>\r\n\r\nHello".encode()
        assert told(raw).kind is EventKind.UNKNOWN


def test_plain_words_are_preferred_and_the_rest_of_the_mail_are_files() -> None:
    found = mail("The plain words")
    found.add_alternative("<p>The page</p>", subtype="html")
    found.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="=?x?Grüße.pdf")
    found.add_attachment("notes", filename="notes.txt")
    event = told(found)
    assert event.text == "The plain words"
    assert [(one.name, one.media_type, one.size) for one in event.files] == [
        ("=?x?Grüße.pdf", "application/pdf", 4),
        ("notes.txt", "text/plain", 6),
    ]
    assert [one.handle for one in event.files] == ["7/1/0", "7/1/1"]


def test_a_file_is_found_again_by_its_number() -> None:
    parts = files_in(mail_of(with_file()))
    assert [content_of(part) for part in parts] == [b"\x89PNG"]
    (file,) = told(with_file()).files
    assert file.name == "Rechnung für Ana.png"


def test_a_mail_of_a_file_alone_needs_no_words_and_an_empty_one_says_its_subject() -> None:
    alone = mail("")
    alone.add_attachment(b"1", maintype="image", subtype="png", filename="a.png")
    assert (told(alone).text, len(told(alone).files)) == ("", 1)
    assert told(mail("", Subject="Call me")).text == "Call me"
    assert told(mail("", Subject="")).text == "[an empty mail]"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner-email=x"},
        {"Precedence": "bulk"},
        {"Precedence": "Auto_Reply"},
        {"List_Id": "<talk.example.org>"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
    ],
)
def test_what_a_machine_sent_by_itself_is_noted_and_never_answered(headers: dict[str, str]) -> None:
    event = told(mail("I am out of the office", **headers))
    assert (event.kind, bool(event.note)) == (EventKind.UNKNOWN, True)


def test_a_person_s_mail_may_say_that_it_is_not_automatic() -> None:
    assert told(mail(Auto_Submitted="no")).kind is EventKind.MESSAGE


def test_our_own_mail_that_comes_back_is_no_customer() -> None:
    assert told(mail(sender=ADDRESS, Message_ID=OURS)).kind is EventKind.UNKNOWN
    assert told(mail(sender="someone@else.example", Message_ID=OURS)).kind is EventKind.UNKNOWN


def test_what_a_person_wrote_from_the_mailbox_takes_the_conversation() -> None:
    event = told(mail("I did it by hand", sender=ADDRESS, To=CUSTOMER, Subject="Re: Order 42"))
    assert (event.kind, event.by_person, event.chat) == (EventKind.ECHO, True, f"{CUSTOMER} Order 42")
    assert event.text == "I did it by hand"


def test_a_bounce_says_which_mail_failed_and_why() -> None:
    event = told(BOUNCE.encode())
    assert (event.kind, event.delivery, event.message_id) == (EventKind.DELIVERY, Delivery.FAILED, OURS)
    assert event.failure.startswith("The mail server says: 5.1.1 smtp; 550 5.1.1")
    only_headers = BOUNCE.replace("Content-Type: message/rfc822", "Content-Type: text/rfc822-headers")
    assert told(only_headers.encode()).message_id == OURS


def test_a_delay_is_noted_a_success_is_told_and_a_stranger_s_bounce_changes_nothing() -> None:
    assert told(BOUNCE.replace("Action: failed", "Action: delayed").encode()).kind is EventKind.UNKNOWN
    assert told(BOUNCE.replace("Action: failed", "Action: delivered").encode()).delivery is Delivery.DELIVERED
    assert told(BOUNCE.replace(OURS, "<1@else.example>").encode()).kind is EventKind.UNKNOWN


def test_a_receipt_says_that_a_mail_of_ours_was_seen() -> None:
    assert (told(SEEN.encode()).delivery, told(SEEN.encode()).message_id) == (Delivery.READ, OURS)
    assert told(SEEN.replace(OURS, "<1@else.example>").encode()).kind is EventKind.UNKNOWN
    assert told(SEEN.replace("displayed", "deleted").encode()).kind is EventKind.UNKNOWN


def test_one_mail_has_one_key_and_a_stranger_cannot_take_it() -> None:
    assert told(mail()).key == told(mail()).key
    assert told(mail(sender="eve@else.example")).key != told(mail()).key
    nameless = mail()
    del nameless["Message-ID"]
    assert told(nameless).key == told(nameless).key
    assert told(nameless).message_id


def test_a_message_id_of_ours_is_the_same_at_each_attempt_and_known_again() -> None:
    assert MAILBOX.message_id("k-1") == MAILBOX.message_id("k-1") != MAILBOX.message_id("k-2")
    assert MAILBOX.wrote(OURS)
    assert not MAILBOX.wrote(OURS.replace("example.com", "example.org"))
    assert not MAILBOX.wrote("")


def test_a_subject_is_cut_and_cleaned() -> None:
    assert base_subject("Re: " * 100 + "x")
    assert len(chat_of(CUSTOMER, "x" * 5000)) < 160
    assert base_subject("Re: Re: ") == ""


@settings(max_examples=150, deadline=None)
@given(
    head=st.lists(
        st.tuples(
            st.sampled_from(
                ["From", "To", "Subject", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
                 "Message-ID", "Date", "Reply-To", "Auto-Submitted", "MIME-Version", "In-Reply-To"]
            ),
            st.one_of(
                st.text(max_size=40),
                st.sampled_from(
                    ["multipart/mixed; boundary=b", "multipart/report; report-type=delivery-status; boundary=b",
                     "message/rfc822", "text/html; charset=\"\x00\"", "base64", "=?utf-8?b?/w==?=", "a@b.example",
                     "attachment; filename*=utf-8''%ff%zz", "attachment; filename*0*=x; filename*2=y", "<a@b>", "("]
                ),
            ),
        ),
        max_size=8,
    ),
    body=st.binary(max_size=120) | st.just(b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n"),
)  # fmt: skip
def test_a_mail_that_was_made_to_do_harm_raises_nothing(head: list[tuple[str, str]], body: bytes) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in head).encode("utf-8", "surrogatepass")
    event = told(lines + b"\r\n" + body)
    assert event.key
    event.text.encode()
    event.chat.encode()


def test_mail_within_mail_without_end_raises_nothing() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    assert told(b"From: a@b.example\r\n" + deep).key
    within = b"Content-Type: message/rfc822\r\n\r\n" * 3000
    assert told(b"From: a@b.example\r\n" + within).key
