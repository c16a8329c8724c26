"""Who else is where, as the console knows it."""

import pytest

from operator_console.model.ghosts import ghost_words, others_on, writers_on
from operator_console.model.inputs import Disconnected, Tick
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.frames import Ghost, Ghosts
from server.wire.terms import OperatorId, SessionId, SessionState
from tests.fakes.console_data import ME, MIA, NOW, operator, session, snapshot

pytestmark = pytest.mark.unit
BO = OperatorId("op-bo")
ONE, TWO = SessionId("s1"), SessionId("s2")


def desk(*ghosts: Ghost, whole: bool = True) -> DeskModel:
    rows = (session(1), session(2, state=SessionState.ACTIVE, operator_id=MIA))
    people = (operator(), operator(MIA, "Mia"), operator(BO, "Bo"))
    model = update(update(DeskModel(), Tick(NOW)), snapshot(*rows, operators=people))
    return update(model, Ghosts(people=ghosts, whole=whole))


def test_others_are_named_writers_first_and_i_am_not_one_of_them() -> None:
    model = desk(
        Ghost(operator_id=ME, session_id=ONE, writing=True),
        Ghost(operator_id=BO, session_id=ONE),
        Ghost(operator_id=MIA, session_id=ONE, writing=True),
        Ghost(operator_id=OperatorId("stranger"), session_id=ONE),
    )
    assert others_on(model, ONE) == (("Mia", True), ("Bo", False))
    assert writers_on(model, ONE) == ("Mia",)
    assert ghost_words(model, ONE) == "Mia writes +1"
    assert ghost_words(model, TWO) == ""


def test_who_has_it_in_hand_is_named_only_while_writing() -> None:
    assert ghost_words(desk(Ghost(operator_id=MIA, session_id=TWO)), TWO) == ""
    assert ghost_words(desk(Ghost(operator_id=MIA, session_id=TWO, writing=True)), TWO) == "Mia writes"


def test_changes_add_up_and_a_whole_list_begins_anew() -> None:
    model = desk(Ghost(operator_id=MIA, session_id=ONE))
    model = update(model, Ghosts(people=(Ghost(operator_id=BO, session_id=ONE),)))
    assert ghost_words(model, ONE) == "Bo looks +1"
    gone = update(model, Ghosts(people=(Ghost(operator_id=BO),)))
    assert ghost_words(gone, ONE) == "Mia looks"
    assert ghost_words(update(model, Ghosts(whole=True)), ONE) == ""


def test_without_a_connection_nobody_is_known_to_be_anywhere() -> None:
    assert ghost_words(update(desk(Ghost(operator_id=BO, session_id=ONE)), Disconnected("gone")), ONE) == ""
