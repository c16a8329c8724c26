"""A note names people by @, and whoever is named finds it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.model import mentions, select
from operator_console.model.inputs import Selected, Tone
from operator_console.model.mentions import Mentioning, candidates, completed, mentioned, mentioning
from operator_console.model.offers import in_note
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.events import MessageAdded, MessageChanged
from server.wire.frames import Batch
from server.wire.terms import Author, OperatorId, SessionId, SessionState
from server.wire.views import MessageView
from tests.fakes.console_data import ME, MIA, NOW, busy, live_chat, operator, session, snapshot, turn

pytestmark = pytest.mark.unit

ANNA = OperatorId("op-anna")
ANNA_LEE = OperatorId("op-anna-lee")
NO_ONE: set[OperatorId] = set()
ROSTER = {
    one.id: one
    for one in (
        operator(),
        operator(MIA, "Mia"),
        operator(ANNA, "Anna"),
        operator(ANNA_LEE, "Anna Lee", connected=False),
    )
}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@Mia please", {MIA}),
        ("please @mia, and @SAM.", {MIA, ME}),
        ("@Anna Lee knows", {ANNA_LEE}),
        ("@Anna leeway", {ANNA}),
        ("@Anna, @Anna Lee", {ANNA, ANNA_LEE}),
        ("write to x@mia", NO_ONE),
        ("@Miami", NO_ONE),
        ("(@Mia)", {MIA}),
        ("Mia", NO_ONE),
        ("@", NO_ONE),
    ],
)
def test_a_name_after_an_at_means_the_person_with_the_longest_fitting_name(text: str, meant: set[OperatorId]) -> None:
    assert mentioned(text, ROSTER) == meant


def test_people_who_share_a_name_are_all_meant() -> None:
    twin = operator(ANNA, "Mia")
    assert mentioned("@Mia", {MIA: operator(MIA, "Mia"), ANNA: twin}) == {MIA, ANNA}


@given(text=st.text(alphabet="@ aAßİimM_.\n", max_size=40), names=st.lists(st.text(max_size=6), max_size=4))
def test_no_text_and_no_name_breaks_it(text: str, names: list[str]) -> None:
    roster = {OperatorId(str(n)): operator(OperatorId(str(n)), name) for n, name in enumerate(names)}
    assert mentioned(text, roster) <= set(roster)
    for cursor in range(len(text) + 1):
        writing = mentioning(text, cursor)
        if writing is not None:
            candidates(writing.typed, roster.values(), ME)
            done, at = completed(text, cursor, "Mia")
            assert done[:at].endswith("@Mia ")


def test_the_name_under_the_cursor_is_completed_and_the_rest_stays() -> None:
    assert mentioning("ask @mi now", 7) == Mentioning(4, "mi")
    assert completed("ask @mi now", 7, "Mia") == ("ask @Mia now", 9)
    assert mentioning("x@mi", 4) is None
    assert mentioning("at @ 5", 6) is None


def test_people_at_their_desk_come_first_and_a_complete_name_offers_nothing() -> None:
    assert [one.name for one in candidates("", ROSTER.values(), ME)] == ["Anna", "Mia", "Anna Lee"]
    assert [one.name for one in candidates("an", ROSTER.values(), ME)] == ["Anna", "Anna Lee"]
    assert [one.name for one in candidates("lee", ROSTER.values(), ME)] == ["Anna Lee"]
    assert candidates("Mia ", ROSTER.values(), ME) == ()


def test_a_name_that_begins_another_can_be_written_on() -> None:
    assert [one.name for one in candidates("Anna L", ROSTER.values(), ME)] == ["Anna Lee"]


def test_the_offers_of_a_note_say_whether_somebody_is_there() -> None:
    model = update(DeskModel(), snapshot(live_chat()))
    assert [(one.label, one.detail) for one in in_note("@m", 2, model)] == [("@Mia", "ON DUTY")]


def note(position: int, text: str, conversation: int = 43, **fields: object) -> MessageView:
    return turn(conversation, position, Author.NOTE, text, **{"operator_id": MIA, "author_name": "Mia", **fields})


def batch(seq: int, event: MessageAdded | MessageChanged) -> Batch:
    return Batch(first=seq, last=seq, now=NOW, events=(event,))


def desk() -> DeskModel:
    return update(update(DeskModel(), snapshot(*busy(mine=(live_chat(),)))), Selected(SessionId("s44")))


def after(model: DeskModel, *notes: MessageView) -> DeskModel:
    for message in notes:
        model = update(model, batch(model.seq + 1, MessageAdded(seq=model.seq + 1, at=NOW, message=message)))
    return model


def test_a_note_that_names_me_needs_me_until_i_look() -> None:
    model = after(desk(), note(1, "@Sam can you help?"), note(2, "@sam again"))
    assert select.mentions_of_me(model, model.sessions[SessionId("s43")]) == 2
    assert model.notice is not None
    assert (model.notice.text, model.notice.tone) == ("H-0043: Mia mentions you in a note.", Tone.WARNING)
    assert select.next_that_needs_me(model) == SessionId("s43")
    looked = update(model, Selected(SessionId("s43")))
    assert looked.mentions == {}
    assert after(looked, note(3, "fine")).mentions == {}


@pytest.mark.parametrize(
    "message",
    [
        note(1, "@Mia"),
        note(1, "@Sam myself", operator_id=ME),
        turn(43, 1, Author.CUSTOMER, "@Sam"),
        note(1, "@Sam", conversation=44),
    ],
    ids=["someone else", "my own note", "a customer", "in view"],
)
def test_nothing_else_counts(message: MessageView) -> None:
    model = after(desk(), message)
    assert model.mentions == {}
    assert model.notice is None


def test_a_mention_told_twice_counts_once_and_one_taken_back_not_at_all() -> None:
    first = note(1, "@Sam")
    model = after(desk(), first, first)
    assert list(model.mentions.values()) == [1]
    changed = msgspec.structs.replace(first, text="never mind")
    model = update(model, batch(model.seq + 1, MessageChanged(seq=model.seq + 1, at=NOW, message=changed)))
    assert model.mentions == {}


def test_a_mention_outlives_a_new_snapshot() -> None:
    model = after(desk(), note(1, "@Sam"))
    assert update(model, snapshot(*busy(mine=(live_chat(),)), seq=model.seq)).mentions == model.mentions
    assert update(model, snapshot(live_chat(), seq=model.seq)).mentions == {}


def test_only_notes_are_read_for_names() -> None:
    assert not mentions.means(turn(43, 1, Author.OPERATOR, "@Sam", operator_id=MIA), ME, ROSTER)


def test_a_note_that_names_me_needs_me_even_when_nothing_else_does() -> None:
    with_mia = {"state": SessionState.ACTIVE, "operator_id": MIA}
    shown = snapshot(session(40, **with_mia), session(43, **with_mia))
    model = update(update(DeskModel(), shown), Selected(SessionId("s40")))
    assert select.next_that_needs_me(model) is None
    assert select.next_that_needs_me(after(model, note(1, "@Sam"))) == SessionId("s43")
