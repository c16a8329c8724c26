"""Who may do what, who may speak, and who the caller should be talking with."""

from dataclasses import replace

import pytest

from server.core.calls import call_phase
from server.core.errors import ConflictError, NotAllowedError
from server.core.ownership import check_assistant_may_speak, owner_of
from server.core.permissions import Action, check_allowed
from server.wire.terms import Author, CallPhase, Medium, Owner, Party, Role, SessionState
from tests.unit.server.core.building import in_state

pytestmark = pytest.mark.unit

S, P = SessionState, CallPhase
MATRIX = {
    Role.VIEWER: {Action.VIEW},
    Role.OPERATOR: {Action.VIEW, Action.HANDLE},
    Role.SUPERVISOR: {Action.VIEW, Action.HANDLE, Action.SUPERVISE},
    Role.ADMINISTRATOR: {Action.VIEW, Action.HANDLE, Action.SUPERVISE, Action.ADMINISTER},
}
LOWEST = {
    Action.VIEW: Role.VIEWER,
    Action.HANDLE: Role.OPERATOR,
    Action.SUPERVISE: Role.SUPERVISOR,
    Action.ADMINISTER: Role.ADMINISTRATOR,
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_the_matrix_of_roles(role: Role, action: Action) -> None:
    if action in MATRIX[role]:
        check_allowed(role, action)
        return
    with pytest.raises(NotAllowedError) as refusal:
        check_allowed(role, action)
    assert refusal.value.code == "not_allowed"
    assert refusal.value.details == {"needs": LOWEST[action]}


@pytest.mark.parametrize(
    ("state", "owner", "phase"),
    [
        (S.SCREENING, Owner.ASSISTANT, P.ASSISTANT),
        (S.QUEUED, Owner.WAITING, P.ASSISTANT),
        (S.OFFERED, Owner.WAITING, P.ASSISTANT),
        (S.CONNECTING, Owner.WAITING, P.OPERATOR),
        (S.ACTIVE, Owner.OPERATOR, P.OPERATOR),
        (S.HELD, Owner.OPERATOR, P.HOLD),
        (S.WRAP_UP, Owner.ASSISTANT, P.ASSISTANT),
        (S.CLOSED, Owner.ASSISTANT, P.ASSISTANT),
    ],
)
def test_owner_and_call_follow_from_the_state(state: S, owner: Owner, phase: P) -> None:
    session = in_state(state)
    assert owner_of(session) is owner
    assert call_phase(session) is phase


def test_without_a_session_the_assistant_owns() -> None:
    assert owner_of(None) is Owner.ASSISTANT


@pytest.mark.parametrize("state", [S.WRAP_UP, S.CLOSED])
def test_a_call_ends_when_the_line_was_dropped_or_the_caller_left_and_only_then(state: S) -> None:
    session = in_state(state)
    assert call_phase(replace(session, hung_up=True)) is P.ENDED
    assert call_phase(replace(session, ended_by=Party.CUSTOMER)) is P.ENDED
    assert call_phase(replace(session, ended_by=Party.BROKER)) is P.ASSISTANT


@pytest.mark.parametrize("medium", Medium)
def test_an_assistant_may_not_speak_while_an_operator_has_the_customer(medium: Medium) -> None:
    owner = owner_of(in_state(S.ACTIVE, medium))
    for epoch in (None, 3):
        with pytest.raises(ConflictError) as refusal:
            check_assistant_may_speak(owner, 3, Author.ASSISTANT, epoch)
        assert (refusal.value.code, refusal.value.details) == ("operator_owns", {"epoch": "3"})


@pytest.mark.parametrize("owner", [Owner.ASSISTANT, Owner.WAITING])
def test_an_assistant_speaks_for_its_own_stretch_only(owner: Owner) -> None:
    check_assistant_may_speak(owner, 3, Author.ASSISTANT, 3)
    check_assistant_may_speak(owner, 3, Author.ASSISTANT, None)
    for epoch in (2, 4):
        with pytest.raises(ConflictError) as refusal:
            check_assistant_may_speak(owner, 3, Author.ASSISTANT, epoch)
        assert (refusal.value.code, refusal.value.details) == ("stale_ownership", {"epoch": "3"})


@pytest.mark.parametrize("owner", Owner)
def test_the_customer_may_always_speak(owner: Owner) -> None:
    check_assistant_may_speak(owner, 3, Author.CUSTOMER, 1)
