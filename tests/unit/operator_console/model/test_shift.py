"""The digest in words, and notes that were written while nobody looked."""

from datetime import UTC, timedelta

import pytest

from operator_console.model.inputs import Selected, Tick
from operator_console.model.select import mentions_of_me
from operator_console.model.shift import clean_digest, pages, summary
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.terms import Author, Outcome
from server.wire.views import Digest
from tests.fakes.console_data import MIA, NOW, operator, session, snapshot, turn

pytestmark = pytest.mark.unit

NOTE = turn(1, 4, Author.NOTE, "@Sam knows\x1b[2J this", operator_id=MIA, author_name="Mia", session_id=session(1).id)


def test_the_digest_is_one_line_and_then_five_chapters() -> None:
    digest = clean_digest(
        Digest(
            since=NOW - timedelta(days=1),
            until=NOW,
            waiting=(session(1),),
            waiting_count=3,
            late_count=2,
            follow_ups=(session(2, follow_up="ring the\nbank"),),
            mentions=(NOTE,),
            outcomes={Outcome.ABANDONED: 1, Outcome.RESOLVED: 4},
            on_duty=(operator(), operator(MIA, "Mia")),
        )
    )
    assert summary(digest, UTC) == (
        "Since Mon 02 Mar 12:41: 3 waiting (2 late) · 1 @you · 1 follow-up · 4 resolved, 1 customer left."
    )
    found = dict(pages(digest, UTC))
    assert found["Waiting now"] == ["H-0001     1:01  Caller 1  voice  billing", "and 2 more"]
    assert found["Still to be done"] == ["H-0002  Caller 2: ring the bank"]
    assert found["On duty"] == ["Sam, Mia"]
    assert "H-0001 Mia: @Sam knows" in found["Notes that name you"][0]
    assert "\x1b" not in found["Notes that name you"][0]


def test_a_quiet_night_says_so() -> None:
    digest = Digest(since=NOW - timedelta(hours=1), until=NOW)
    assert summary(digest, UTC) == "Since 11:41: 0 waiting."
    assert [rows for _, rows in pages(digest, UTC)] == [["nobody"], ["none"], ["nothing"], ["nothing"], ["nobody"]]


def test_a_note_written_while_the_console_was_away_counts_until_it_is_looked_at() -> None:
    shown = snapshot(session(1), session(2))
    with_note = type(shown)(**{name: getattr(shown, name) for name in shown.__struct_fields__} | {"mentions": (NOTE,)})
    model = update(update(DeskModel(), Tick(NOW)), snapshot(session(2)))
    model = update(model, with_note)
    assert model.selected == session(2).id
    assert mentions_of_me(model, session(1)) == 1
    looked = update(model, Selected(session(1).id))
    assert mentions_of_me(looked, session(1)) == 0
    assert mentions_of_me(update(looked, with_note), session(1)) == 0, "another snapshot does not bring it back"
