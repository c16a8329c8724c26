"""Keep organisations, the people on their rosters, and the hashes of tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, literal_column, or_, select, update

from server.broker.ports.records import Credential, Principal
from server.core.presence import Operator
from server.storage import problems
from server.storage.cells import Cells, Shape, as_text
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.schema import credentials, feed, operators, organisations
from server.storage.statement import Statement, condition
from server.wire.terms import OperatorId, OrganisationId

OPERATOR: Final = Shape(Operator, operators)
"""How an operator lies in their row."""
CREDENTIAL: Final = Shape(Credential, credentials)
"""How a credential lies in its row."""

_o = operators.c
_k = credentials.c
_LIVE: Final = _o.disabled_at.is_(None)

ORGANISATIONS: Final = Statement(select(organisations.c.id).order_by(organisations.c.id))
ORGANISATION: Final = Statement(select(organisations.c.id).where(organisations.c.id == bindparam("id")))
ADD_ORGANISATION: Final = Statement(insert(organisations), fills=["id", "name", "created_at"])
ADD_FEED: Final = Statement(insert(feed), fills=["organisation_id"])
LOAD: Final = Statement(
    select(*OPERATOR.columns).where(
        _o.id == bindparam("id"), _o.organisation_id == bindparam("organisation_id"), _LIVE
    ),
    locks=True,
)
ON_DUTY: Final = Statement(
    select(*OPERATOR.columns)
    .where(
        _o.organisation_id == bindparam("organisation_id"),
        condition("operators.presence = 'available' AND operators.connected = 1"),
        _LIVE,
    )
    .order_by(_o.id)
)
INSERT: Final = Statement(insert(operators), fills=OPERATOR.names)
SAVE: Final = Statement(
    update(operators).where(_o.id == bindparam("row_id"), _o.organisation_id == bindparam("row_organisation")),
    fills=[name for name in OPERATOR.names if name not in {"id", "organisation_id"}],
)
DISABLE: Final = Statement(
    update(operators).where(_o.id == bindparam("row_id"), _o.organisation_id == bindparam("row_organisation"), _LIVE),
    fills=["disabled_at", "presence", "connected", "pending", "pending_reason", "break_asked_at"],
)
REVOKE_OPERATORS: Final = Statement(
    update(credentials).where(
        _k.organisation_id == bindparam("row_organisation"),
        _k.subject_id == bindparam("row_subject"),
        condition("kind = 'operator'"),
        _k.revoked_at.is_(None),
    ),
    fills=["revoked_at"],
)
ADD_CREDENTIAL: Final = Statement(insert(credentials), fills=CREDENTIAL.names)
REVOKE: Final = Statement(
    update(credentials).where(
        _k.id == bindparam("row_id"),
        _k.organisation_id == bindparam("row_organisation"),
        _k.revoked_at.is_(None),
    ),
    fills=["revoked_at"],
)
SET_HANDOFF: Final = Statement(
    update(credentials).where(_k.id == bindparam("row_id"), _k.organisation_id == bindparam("row_organisation")),
    fills=["handoff"],
)
KNOWN_CREDENTIAL: Final = Statement(
    select(_k.id).where(_k.id == bindparam("id"), _k.organisation_id == bindparam("organisation_id"))
)
CREDENTIALS: Final = Statement(
    select(*CREDENTIAL.columns)
    .where(_k.organisation_id == bindparam("organisation_id"), _k.kind == bindparam("kind"))
    .order_by(_k.created_at, _k.id)
)
_OF_OPERATOR = credentials.outerjoin(
    operators,
    (_k.kind == literal_column("'operator'"))
    & (_o.id == _k.subject_id)
    & (_o.organisation_id == _k.organisation_id)
    & _LIVE,
)
PRINCIPAL: Final = Statement(
    select(_k.kind, _k.subject_id, _k.organisation_id, _k.name, *OPERATOR.columns)
    .select_from(_OF_OPERATOR)
    .where(
        _k.sha256 == bindparam("sha256"),
        _k.revoked_at.is_(None),
        or_(_k.kind != literal_column("'operator'"), _o.id.is_not(None)),
    )
)
_OPERATOR_AT: Final = 4


class SqlRoster:
    """Organisations, operators and credentials on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def organisations(self) -> Sequence[OrganisationId]:
        """Return all organisations."""
        return [OrganisationId(as_text(row[0])) for row in self._line.rows(ORGANISATIONS, {})]

    def add_organisation(self, organisation_id: OrganisationId, name: str, now: datetime) -> None:
        """Add an organisation; adding it twice changes nothing."""
        if self._line.row(ORGANISATION, {"id": organisation_id}) is not None:
            return
        self._line.change(ADD_ORGANISATION, {"id": organisation_id, "name": name, "created_at": to_microseconds(now)})
        self._line.change(ADD_FEED, {"organisation_id": organisation_id})

    def load(self, organisation_id: OrganisationId, operator_id: OperatorId) -> Operator | None:
        """Return one operator, locked until the transaction ends; a disabled one is not returned."""
        row = self._line.row(LOAD, {"id": operator_id, "organisation_id": organisation_id})
        return None if row is None else OPERATOR.read(row)

    def on_duty(self, organisation_id: OrganisationId) -> Sequence[Operator]:
        """Return operators who are available and connected."""
        return [OPERATOR.read(row) for row in self._line.rows(ON_DUTY, {"organisation_id": organisation_id})]

    def insert(self, operator: Operator) -> None:
        """Add an operator."""
        self._line.change(INSERT, OPERATOR.cells(operator))

    def save(self, operator: Operator) -> None:
        """Write an operator over themselves.

        Raises:
            ConflictError: `concurrent_change`: they are not there.
        """
        cells = OPERATOR.cells(operator)
        row = {"row_id": cells.pop("id"), "row_organisation": cells.pop("organisation_id")}
        if self._line.change(SAVE, {**cells, **row}) != 1:
            raise problems.concurrent_change()

    def disable(self, organisation_id: OrganisationId, operator_id: OperatorId, now: datetime) -> bool:
        """Disable an operator, who is then offline, and revoke their tokens; False when there is none."""
        gone: Cells = {
            "row_id": operator_id,
            "row_organisation": organisation_id,
            "disabled_at": to_microseconds(now),
            "presence": "offline",
            "connected": 0,
            "pending": None,
            "pending_reason": "",
            "break_asked_at": None,
        }
        found = self._line.change(DISABLE, gone) == 1
        self._line.change(
            REVOKE_OPERATORS,
            {"row_organisation": organisation_id, "row_subject": operator_id, "revoked_at": to_microseconds(now)},
        )
        return found

    def add_credential(self, credential: Credential) -> None:
        """Add a token's hash."""
        self._line.change(ADD_CREDENTIAL, CREDENTIAL.cells(credential))

    def revoke_credential(self, organisation_id: OrganisationId, credential_id: str, now: datetime) -> bool:
        """Revoke one token; False when there is none. Revoking it twice keeps the first instant."""
        who = {"row_id": credential_id, "row_organisation": organisation_id}
        if self._line.change(REVOKE, {**who, "revoked_at": to_microseconds(now)}) == 1:
            return True
        known = {"id": credential_id, "organisation_id": organisation_id}
        return self._line.row(KNOWN_CREDENTIAL, known) is not None

    def set_handoff(self, organisation_id: OrganisationId, key_id: str, *, on: bool) -> None:
        """Write down whether an assistant's key may ask for people."""
        self._line.change(SET_HANDOFF, {"row_id": key_id, "row_organisation": organisation_id, "handoff": int(on)})

    def credentials(self, organisation_id: OrganisationId, kind: str) -> Sequence[Credential]:
        """Return credentials of one kind, revoked ones too, oldest first."""
        rows = self._line.rows(CREDENTIALS, {"organisation_id": organisation_id, "kind": kind})
        return [CREDENTIAL.read(row) for row in rows]

    def principal(self, sha256: str) -> Principal | None:
        """Return whose token it is; None when unknown, revoked or of a disabled operator."""
        row = self._line.row(PRINCIPAL, {"sha256": sha256})
        if row is None:
            return None
        operator = OPERATOR.read(row, _OPERATOR_AT) if row[_OPERATOR_AT] is not None else None
        return Principal(
            kind=as_text(row[0]),
            id=as_text(row[1]),
            organisation_id=OrganisationId(as_text(row[2])),
            name=operator.name if operator else as_text(row[3]),
            operator=operator,
        )
