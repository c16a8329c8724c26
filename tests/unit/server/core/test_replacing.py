"""The quick copy does what the standard library's does, and `fits` says what the table of rules says."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.presence import Operator
from server.core.replacing import replace
from server.core.routing import Case, fits, verdicts
from server.wire.skills import Skill
from server.wire.terms import Medium, OperatorId, OrganisationId, Presence, Role
from tests.unit.server.core.building import NOW, new_session

pytestmark = pytest.mark.unit

ONE = Operator(
    id=OperatorId("op_a"),
    organisation_id=OrganisationId("o"),
    name="Ann",
    role=Role.OPERATOR,
    presence=Presence.AVAILABLE,
    since=NOW,
    idle_since=NOW,
)


def test_a_copy_is_equal_to_the_standard_librarys_and_leaves_the_first_alone() -> None:
    changed = replace(ONE, name="Bob", missed=3)
    assert changed == dataclasses.replace(ONE, name="Bob", missed=3)
    assert (ONE.name, type(changed), hash(replace(ONE)) == hash(ONE)) == ("Ann", Operator, True)
    with pytest.raises(TypeError, match="no field 'nam'"):
        replace(ONE, nam="Bob")  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        changed.name = "Eve"  # type: ignore[misc]


@given(
    presence=st.sampled_from(Presence),
    role=st.sampled_from(Role),
    connected=st.booleans(),
    passed=st.booleans(),
    rests=st.sampled_from([None, -1, 0, 1]),
    held=st.dictionaries(st.sampled_from(Medium), st.integers(0, 5)),
    level=st.integers(0, 5),
    medium=st.sampled_from(Medium),
)
def test_who_fits_is_whoever_passes_every_rule(
    presence: Presence,
    role: Role,
    connected: bool,
    passed: bool,
    rests: int | None,
    held: dict[Medium, int],
    level: int,
    medium: Medium,
) -> None:
    operator = dataclasses.replace(
        ONE,
        presence=presence,
        role=role,
        connected=connected,
        rests_until=None if rests is None else NOW + timedelta(seconds=rests),
        skills=(Skill(name="billing", level=level),) if level else (),
    )
    waiting = dataclasses.replace(new_session(), medium=medium, declined_by=(ONE.id,) if passed else ())
    case = Case(waiting, (Skill(name="billing", level=3),), {ONE.id: held}, NOW)
    assert fits(operator, case) is all(verdict.passed for verdict in verdicts(operator, case))
