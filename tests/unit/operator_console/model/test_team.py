"""The people of the desk as the console knows them."""

import pytest
from msgspec.structs import replace

from operator_console.model.inputs import Tick
from operator_console.model.state import DeskModel
from operator_console.model.team import asking, away_count, named, pending_words, reason_keys, request_words, team
from operator_console.model.update import update
from operator_console.model.wording import duty_words
from server.wire.events import OperatorChanged
from server.wire.frames import Batch
from server.wire.terms import OperatorId, Presence, Role
from server.wire.views import OperatorView
from tests.fakes.console_data import ME, MIA, NOW, ago, operator, snapshot

pytestmark = pytest.mark.unit
BO = OperatorId("op-bo")


def with_people(*people: OperatorView) -> DeskModel:
    return update(update(DeskModel(), Tick(NOW)), snapshot(operators=people))


def after(model: DeskModel, person: OperatorView) -> DeskModel:
    event = OperatorChanged(seq=11, at=NOW, operator=person)
    return update(model, Batch(first=11, last=11, now=NOW, events=(event,)))


def test_who_asks_for_a_break_comes_first_then_duty_then_the_name() -> None:
    model = with_people(
        operator(),
        operator(OperatorId("a"), "Zoe"),
        operator(OperatorId("b"), "Abe", presence=Presence.OFFLINE),
        operator(OperatorId("c"), "Cy", presence=Presence.AWAY),
        operator(OperatorId("d"), "Dee", break_asked_at=ago(10), break_reason="tea"),
        operator(OperatorId("e"), "Eve", break_asked_at=ago(90), break_reason="doctor"),
    )
    assert [person.name for person in team(model)] == ["Eve", "Dee", "Sam", "Zoe", "Cy", "Abe"]
    assert [request_words(model, person) for person in asking(model)] == ["ASKS doctor 1:30", "ASKS tea 0:10"]


def test_a_pending_change_counts_and_is_said_in_words() -> None:
    pending = operator(MIA, "Mia", pending_presence=Presence.AWAY, pending_reason="lunch")
    back = operator(BO, "Bo", presence=Presence.AWAY, pending_presence=Presence.OFFLINE)
    model = with_people(operator(), pending, back)
    assert away_count(model) == 1, "Mia will be away, Bo will have gone"
    assert pending_words(pending) == "then AWAY lunch"
    assert duty_words(pending) == "ON DUTY › AWAY lunch next"


def test_the_answer_to_my_request_is_told_once() -> None:
    asked = operator(break_asked_at=ago(10), break_reason="tea")
    model = after(with_people(asked, operator(MIA, "Mia")), operator(break_answer="denied by Mia: six wait"))
    assert model.notice is not None
    assert model.notice.text == "Your break was denied by Mia: six wait."
    again = replace(model, seq=10)
    assert after(again, operator(break_answer="denied by Mia: six wait")).notice == model.notice


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR])
def test_a_request_is_told_to_supervisors_alone(role: Role) -> None:
    model = with_people(operator(role=role), operator(MIA, "Mia"))
    asked = after(model, operator(MIA, "Mia", break_asked_at=ago(0), break_reason="tea"))
    assert (asked.notice is not None) == (role is Role.SUPERVISOR)


def test_a_name_is_found_whole_by_its_beginning_or_not_at_all() -> None:
    model = with_people(operator(), operator(MIA, "Ana"), operator(BO, "Ana Maria"), operator(OperatorId("x"), "Cy"))
    assert isinstance(found := named(model, "ana maria six wait"), tuple)
    assert (found[0].id, found[1]) == (BO, "six wait")
    assert isinstance(found := named(model, "@Ana later"), tuple)
    assert (found[0].id, found[1]) == (MIA, "later")
    assert isinstance(found := named(model, "c"), tuple)
    assert found[0].name == "Cy"
    assert named(model, "an") == "an may be Ana, Ana Maria: write more of the name."
    assert str(named(model, "bob")).startswith("Nobody is called bob. There are: Ana, Ana Maria, Cy, Sam.")


def test_every_reason_has_a_key_of_its_own() -> None:
    assert reason_keys(("break", "lunch", "bread", "do", "d"), "dokqwj") == ("b", "l", "r", "1", "2")


def test_the_rules_of_the_desk_come_with_the_snapshot_cleaned() -> None:
    hostile = snapshot()
    policy = type(hostile.policy)(away_reasons=("tea\x1b[2J", ""), max_on_break=-3)
    model = update(DeskModel(), type(hostile)(seq=1, now=NOW, boot="b", version="1", me=ME, policy=policy))
    assert model.policy.away_reasons == ("tea\ufffd[2J",)
    assert model.policy.max_on_break == 0
