"""Rules of search and contacts, alike on every database: what is committed is found, and only by its own people."""

import msgspec
import pytest

from server.broker.ports.records import Contact
from server.broker.ports.store import Unit
from server.core.errors import CallerError
from server.core.search import read_query, words_of
from server.storage.database import SqlDatabase
from server.wire.history import Identity
from server.wire.terms import Author, ContactId, IdentityKind, Medium, MessageId, Outcome, SessionId, SessionState
from tests.contract.stored import ACME, ANN, NOW, OTHER, conversation, handoff, later, message, organisations, say

pytestmark = pytest.mark.contract

TALK = (
    "I want a refund for order 88120",
    "Refunds take a week, says the réfund team",
    "東京から電話しています 👍",
    "nothing of the kind",
    "שלום, I'd like a REFUND; refund now, refund!",
)
P1, P2 = ContactId("p_1"), ContactId("p_2")
PHONE = Identity(kind=IdentityKind.PHONE, value="+15550142")
MAIL = Identity(kind=IdentityKind.EMAIL, value="zoe@example.com")


@pytest.fixture
async def talk(store: SqlDatabase) -> SqlDatabase:
    def work(unit: Unit) -> None:
        organisations(unit)
        handoff(unit)
        for number, text in enumerate(TALK, 1):
            say(unit, number, text=text, author=Author.NOTE if number == 4 else Author.CUSTOMER)
        unit.conversations.insert(conversation(9, organisation_id=OTHER))
        say(unit, 1, 9, text="a refund at another firm", organisation_id=OTHER)

    await store.run(work)
    return store


async def found(store: SqlDatabase, words: str, *, newest: bool = True) -> list[int]:
    """Return the positions of the turns found."""

    def look(unit: Unit) -> list[int]:
        find = unit.search.newest if newest else unit.search.best
        return [hit.found.position for hit in find(ACME, read_query(words), 0, 50)]

    return await store.read(look)


@pytest.mark.parametrize(
    ("words", "positions"),
    [
        ("refund", [5, 2, 1]),
        ("REFUND*", [5, 2, 1]),
        ("refunds", [2]),
        ("refund -week", [5, 1]),
        ('"refund team"', [2]),
        ('"team refund"', []),
        ("refund 88120", [1]),
        ("東京", [3]),
        ("京東", []),
        ("👍", [3]),
        ("שלום", [5]),
        ("kind", [4]),
        ("ref", []),
        ("ref*", [5, 2, 1]),
        ('refund AND NOT "', []),
        ("refund NEAR(week)", []),
        ("words:refund", []),
        ("'; DROP TABLE messages; --", []),
        ("refund\0", [5, 2, 1]),
        ("re:fund | !x & <->", []),
        ("\\", []),
    ],
)
async def test_a_query_finds_the_same_turns_everywhere(talk: SqlDatabase, words: str, positions: list[int]) -> None:
    if words_of(words):
        assert await found(talk, words) == positions
        return
    with pytest.raises(CallerError) as refused:
        await found(talk, words)
    assert (refused.value.code, positions) == ("query_empty", [])


async def test_what_fits_best_comes_first(talk: SqlDatabase) -> None:
    best = await found(talk, "refund", newest=False)
    assert best[0] == 5
    assert sorted(best) == [1, 2, 5]


async def test_a_turn_is_told_with_whose_it_is(talk: SqlDatabase) -> None:
    await talk.run(lambda unit: say(unit, 6, text="the voucher code", session_id=SessionId("s_1"), author_name="Ann"))
    (hit,) = await talk.read(lambda unit: unit.search.newest(ACME, read_query("voucher"), 0, 9))
    shown = hit.found
    assert (shown.number, shown.session_id, shown.author_name) == ("H-0001", "s_1", "Ann")
    assert (shown.customer.name, shown.medium, shown.position) == ("Zoë", Medium.CHAT, 6)
    assert hit.text == "the voucher code"
    (other,) = await talk.read(lambda unit: unit.search.newest(ACME, read_query("88120"), 0, 9))
    assert (other.found.number, other.found.session_id) == ("", None)


async def test_nothing_of_another_organisation_is_found(talk: SqlDatabase) -> None:
    for newest in (True, False):
        texts = await talk.read(
            lambda unit, newest=newest: [  # type: ignore[misc]
                hit.text
                for hit in (unit.search.newest if newest else unit.search.best)(OTHER, read_query("refund"), 0, 50)
            ]
        )
        assert texts == ["a refund at another firm"]


async def test_pages_follow_each_other_without_a_hole_or_a_repetition(talk: SqlDatabase) -> None:
    def many(unit: Unit) -> None:
        for number in range(6, 26):
            say(unit, number, text=f"refund number {number}")

    await talk.run(many)
    whole = await found(talk, "refund")
    assert len(whole) == 23

    def paged(unit: Unit) -> list[int]:
        read: list[int] = []
        before = 0
        while hits := unit.search.newest(ACME, read_query("refund"), before, 4):
            read += [hit.found.position for hit in hits]
            before = hits[-1].entry
        return read

    assert await talk.read(paged) == whole

    def best(unit: Unit) -> list[int]:
        pages = [unit.search.best(ACME, read_query("refund"), skip, 4) for skip in range(0, 28, 4)]
        return [hit.found.position for page in pages for hit in page]

    assert sorted(await talk.read(best)) == sorted(whole)


async def test_a_turn_that_was_not_committed_is_not_found_and_one_in_the_same_commit_is(talk: SqlDatabase) -> None:
    def fails(unit: Unit) -> None:
        say(unit, 6, text="uncommitted kumquat")
        assert [hit.found.position for hit in unit.search.newest(ACME, read_query("kumquat"), 0, 9)] == [6]
        raise CallerError("changed_my_mind", "No.")

    with pytest.raises(CallerError):
        await talk.run(fails)
    assert await found(talk, "kumquat") == []
    await talk.run(lambda unit: say(unit, 6, text="kumquat again"))
    assert await found(talk, "kumquat") == [6]


async def test_a_changed_turn_is_found_by_its_new_words_only(talk: SqlDatabase) -> None:
    await talk.run(lambda unit: unit.search.change("m_1_1", "it was a mango"))
    assert await found(talk, "88120") == []
    assert await found(talk, "mango") == [1]
    assert await found(talk, "refund") == [5, 2]
    await talk.run(lambda unit: unit.search.change("m_gone", "nobody"))


async def test_the_same_key_again_is_not_indexed_twice(talk: SqlDatabase) -> None:
    for _ in range(2):
        await talk.run(
            lambda unit: unit.conversations.add_message(
                msgspec.structs.replace(message(7, text="persimmon"), id=MessageId("m_x"), key="k")
            )
        )
    assert await found(talk, "persimmon") == [6]


async def test_a_long_text_and_a_long_word_are_kept(talk: SqlDatabase) -> None:
    await talk.run(lambda unit: say(unit, 6, text=f"{'z' * 19_000} quince"))
    assert await found(talk, "quince") == [6]
    assert await found(talk, "z" * 64) == [6]
    await talk.run(lambda unit: say(unit, 7, text=" ".join(f"w{n}" for n in range(6_000))))
    assert await found(talk, "w5999") == [7]


# Contacts


def people(unit: Unit) -> None:
    organisations(unit)
    for id_, name, organisation in ((P1, "Zoë Adler", ACME), (P2, "Zo\u00e9 Other", OTHER)):
        unit.contacts.insert(Contact(id=id_, organisation_id=organisation, name=name, created_at=NOW))
    unit.contacts.add_identity(ACME, P1, PHONE)
    unit.contacts.add_identity(ACME, P1, MAIL)
    unit.contacts.add_identity(OTHER, P2, PHONE)


async def test_a_contact_is_found_by_each_identity_within_its_organisation(store: SqlDatabase) -> None:
    await store.run(people)
    stranger = Identity(kind=IdentityKind.EXTERNAL, value="nobody")
    assert await store.read(lambda unit: unit.contacts.find(ACME, [stranger, MAIL])) == P1
    assert await store.read(lambda unit: unit.contacts.find(OTHER, [PHONE])) == P2
    assert await store.read(lambda unit: unit.contacts.find(OTHER, [MAIL])) is None
    assert await store.read(lambda unit: unit.contacts.find(ACME, [])) is None


async def test_an_identity_stays_with_whom_it_was_first(store: SqlDatabase) -> None:
    await store.run(people)

    def work(unit: Unit) -> None:
        second = ContactId("p_3")
        unit.contacts.insert(Contact(id=second, organisation_id=ACME, name="", created_at=NOW))
        unit.contacts.add_identity(ACME, second, PHONE)
        unit.contacts.name(ACME, second, "Late Name")
        unit.contacts.name(ACME, second, "Later Name")

    await store.run(work)
    assert await store.read(lambda unit: unit.contacts.find(ACME, [PHONE])) == P1
    page = await store.read(lambda unit: unit.contacts.page(ACME, ContactId("p_3")))
    assert page is not None
    assert (page.contact.name, page.contact.identities) == ("Late Name", ())


async def test_a_contact_is_looked_up_by_how_the_name_begins(store: SqlDatabase) -> None:
    await store.run(people)
    for words in ("zoe", "ZOË AD", "Zoë Adler"):
        found = await store.read(lambda unit, words=words: unit.contacts.look_up(ACME, words, [], 9))  # type: ignore[misc]
        assert [(one.id, one.identities) for one in found] == [(P1, (MAIL, PHONE))]
    assert await store.read(lambda unit: unit.contacts.look_up(ACME, "adler", [], 9)) == []
    assert await store.read(lambda unit: unit.contacts.look_up(ACME, "%_'\"", [], 9)) == []
    assert [one.id for one in await store.read(lambda unit: unit.contacts.look_up(ACME, "x", [PHONE], 9))] == [P1]


async def test_a_contacts_page_gathers_all_that_is_theirs(store: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        people(unit)
        handoff(unit, 1, state=SessionState.CLOSED, outcome=Outcome.ENDED, closed_at=later(9), ended_at=later(9))
        handoff(unit, 2, operator_id=ANN, state=SessionState.ACTIVE)
        unit.conversations.insert(conversation(3, created_at=later(3)))
        for number in (1, 2, 3):
            say(unit, 1, number)
            say(unit, 2, number, author=Author.NOTE, text=f"note on {number}", at=later(10 + number))
            known = unit.conversations.load(ACME, conversation(number).id)
            assert known is not None
            contact = P1 if number != 3 else None
            unit.conversations.save(msgspec.structs.replace(known, contact_id=contact))

    await store.run(work)
    page = await store.read(lambda unit: unit.contacts.page(ACME, P1))
    assert page is not None
    assert {one.id for one in page.conversations} == {"c_1", "c_2"}
    assert [one.number for one in page.sessions] == ["H-0002", "H-0001"]
    assert {one.contact_id for one in page.sessions} == {P1}
    assert [one.text for one in page.notes] == ["note on 2", "note on 1"]
    assert await store.read(lambda unit: unit.contacts.page(OTHER, P1)) is None


async def test_what_is_still_to_be_done_is_listed_by_when_it_is_due(store: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        organisations(unit)
        ended = {"state": SessionState.CLOSED, "outcome": Outcome.ENDED, "closed_at": later(9), "ended_at": later(9)}
        for number, due in ((1, 300), (2, 100), (3, 200), (4, 100)):
            handoff(unit, number, follow_up=f"call {number}", follow_up_at=later(due), **ended)
        handoff(unit, 5, follow_up="done", follow_up_at=later(1), follow_up_done_at=later(2), **ended)
        handoff(unit, 6, follow_up="in talk", follow_up_at=later(1), operator_id=ANN, state=SessionState.ACTIVE)
        handoff(unit, 7, **ended)

    await store.run(work)
    page = await store.read(lambda unit: unit.views.follow_ups(ACME, "", 3))
    assert [one.number for one in page.sessions] == ["H-0002", "H-0004", "H-0003"]
    rest = await store.read(lambda unit: unit.views.follow_ups(ACME, page.next_before, 3))
    assert ([one.number for one in rest.sessions], rest.next_before) == (["H-0001"], "")
    assert (await store.read(lambda unit: unit.views.follow_ups(OTHER, "", 9))).sessions == ()
    with pytest.raises(CallerError):
        await store.read(lambda unit: unit.views.follow_ups(ACME, "'x", 9))
