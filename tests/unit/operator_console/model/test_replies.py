"""Canned replies are read strictly, found by what is typed, and never leave with a blank in them."""

import contextlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.model import replies
from operator_console.model.inputs import Selected
from operator_console.model.offers import Refused, ToCustomer, is_order, meant
from operator_console.model.replies import CannedReply, RepliesError, fill, holes, matching, parse
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.terms import SessionId
from server.wire.views import Context, Customer, Fact
from tests.fakes.console_data import live_chat, snapshot

pytestmark = pytest.mark.unit

GREETING = CannedReply("greeting", "Hello {name}, this is {me}.", ("hello",))


def model(**fields: object) -> DeskModel:
    return update(update(DeskModel(), snapshot(live_chat(**fields))), Selected(SessionId("s44")))


def test_a_file_is_read_to_replies_on_one_line() -> None:
    found = parse('[greeting]\ntext = """Hello {name},\nthis is {me}."""\nwords = ["hello"]\n[bye]\ntext = "Bye."\n')
    assert found == (GREETING, CannedReply("bye", "Bye."))


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("[greeting", "not TOML"),
        ("greeting = 1", "[greeting] on a line of its own"),
        ("[Greeting]\ntext = 'x'", "small letters"),
        ("[note]\ntext = 'x'", "taken already"),
        ("[a]\ntext = ''", "write what is to be sent"),
        ("[a]\nwords = ['x']", "write what is to be sent"),
        ("[a]\ntxt = 'x'", "Did you mean text?"),
        ("[a]\ntext = 'Hello {name'", "brace without its other half"),
        ("[a]\ntext = 'Hello {}'", "brace without its other half"),
        ("[a]\ntext = 'x'\nwords = 'hi'", "list of short words"),
        ("[a]\ntext = 'x'\nwords = ['']", "list of short words"),
        (f"[a]\ntext = '{'x' * 4001}'", "longer than"),
        (f"[a]\ntext = '{'{me}' * 17}'", "more than 16"),
        ("aaa = " + "[" * 5000, "not TOML"),
    ],
    ids=lambda value: value[:20],
)
def test_a_file_that_can_not_be_used_says_why(written: str, says: str) -> None:
    with pytest.raises(RepliesError, match=re.escape(says)):
        parse(written, taken=["note"])


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(written: str) -> None:
    with contextlib.suppress(RepliesError):
        assert all(reply.text.strip() for reply in parse(written))


@given(text=st.text(max_size=200), value=st.text(max_size=2000))
def test_any_text_in_a_file_is_found_again_or_refused(text: str, value: str) -> None:
    try:
        (reply,) = parse(f"[a]\ntext = {json.dumps(text, ensure_ascii=False)}\n")
    except RepliesError:
        return
    filled = fill(reply.text, {"order": value, "name": value})
    assert len(filled) <= 20_000


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["bye", "greeting", "refund"]),
        ("gre", ["greeting"]),
        ("GRE", ["greeting"]),
        ("hel", ["greeting"]),
        ("card", ["refund"]),
        ("b", ["bye", "refund"]),
        ("zzz", []),
    ],
)
def test_typing_finds_by_name_then_by_word_then_by_text(typed: str, found: list[str]) -> None:
    known = (CannedReply("refund", "It is back on your card.", ("back",)), GREETING, CannedReply("bye", "Goodbye."))
    assert [reply.name for reply in matching(known, typed)] == found


def test_a_session_fills_its_names_and_facts_whatever_their_case_and_gaps() -> None:
    known = replies.values(model(context=Context(topic="billing", facts=(Fact(name="Order No", value="88120"),))))
    text = "{name} {ME} {number} {queue} {topic} {order_no} {order-no}"
    assert fill(text, known) == "Ines Okafor Sam H-0044 default billing 88120 88120"


def test_what_is_not_known_stands_there_visibly_and_refuses_sending() -> None:
    known = replies.values(model(customer=Customer(name="", handle="x"), context=Context()))
    text = fill("Hello {name}, your order {order} is on its way.", known)
    assert text == "Hello [name?], your order [order?] is on its way."
    refused = meant(text, {}, ())
    assert isinstance(refused, Refused)
    assert "[name?], [order?]" in refused.reason
    changed = text.replace("[name?]", "Ines").replace("[order?]", "88120")
    assert meant(changed, {}, ()) == ToCustomer(changed)


def test_a_fact_never_speaks_for_the_operator_or_the_customers_own_name() -> None:
    facts = (Fact(name="me", value="the boss"), Fact(name="name", value="Eve"), Fact(name="number", value="H-1"))
    known = replies.values(model(context=Context(facts=facts)))
    assert fill("{me} {name} {number}", known) == "Sam Ines Okafor H-0044"
    nameless = replies.values(model(customer=Customer(), context=Context(facts=facts)))
    assert fill("{name}", nameless) == "Eve"


def test_a_value_is_never_filled_again() -> None:
    assert fill("{name} {me}", {"name": "{me}", "me": "Sam"}) == "{me} Sam"


def test_without_a_session_everything_is_a_blank() -> None:
    assert fill(GREETING.text, replies.values(DeskModel())) == "Hello [name?], this is [me?]."


FIELDS = st.sampled_from(["order", "Order No", "name", "e-mail", "[x]", " ", "?", "a" * 60])


@given(
    names=st.lists(
        FIELDS | st.text(alphabet=st.characters(exclude_characters="{}"), max_size=60), min_size=1, max_size=5
    ),
    known=st.dictionaries(st.sampled_from(["order", "order no", "name", "e mail"]), st.text(max_size=50)),
    before=st.text(max_size=20),
)
def test_no_text_with_an_unfilled_placeholder_is_ever_sent(
    names: list[str], known: dict[str, str], before: str
) -> None:
    reply = "Dear " + before + " ".join(f"{{{name}}}" for name in names)
    assert isinstance(meant(fill(reply, {}), {}, ()), Refused)
    unknown = [name for name in names if not known.get(" ".join(name.lower().replace("-", " ").split()), "").split()]
    if unknown:
        assert isinstance(meant(fill(reply, known), {}, ()), Refused)


@given(st.text(max_size=60), st.text(max_size=20))
def test_what_is_sent_never_has_a_blank_and_never_starts_as_an_order(written: str, name: str) -> None:
    found = meant(written, {}, (CannedReply(name or "a", "x"),))
    if isinstance(found, ToCustomer):
        assert not holes(found.text)
        assert not is_order(written.strip())


@pytest.mark.parametrize(
    ("written", "says"),
    [("/greetin", "Did you mean /greeting?"), ("/greeting", "tab puts it"), ("/", "Tab after /"), ("/zzz x", "//")],
)
def test_an_unknown_word_after_a_slash_is_refused_with_the_nearest(written: str, says: str) -> None:
    found = meant(written, {}, (GREETING,))
    assert isinstance(found, Refused)
    assert says in found.reason


def test_two_slashes_send_a_text_that_starts_with_one() -> None:
    assert meant("//etc/hosts is a file", {}, ()) == ToCustomer("/etc/hosts is a file")
