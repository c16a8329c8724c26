"""Keep notices that went out, found by their link's token, their code or their session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from server.broker.ports.alerts import Alert
from server.storage.cells import Shape
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.past_schema import alerts
from server.storage.statement import Statement
from server.wire.terms import SessionId

ALERT: Final = Shape(Alert, alerts)
"""How an alert lies in its row."""
_a = alerts.c
_ALL: Final = select(*ALERT.columns)

ADD: Final = Statement(insert(alerts), fills=ALERT.names)
REFER: Final = Statement(
    update(alerts).where(_a.token_sha256 == bindparam("row_token")).values(reference=bindparam("found_by"))
)
BY_TOKEN: Final = Statement(_ALL.where(_a.token_sha256 == bindparam("token_sha256")))
BY_CODE: Final = Statement(
    _ALL.where(_a.code == bindparam("code"), _a.expires_at > bindparam("now")).order_by(_a.at.desc()).limit(20)
)
OF_SESSION: Final = Statement(
    _ALL.where(_a.session_id == bindparam("session_id"), _a.reference != "").order_by(_a.at.desc()).limit(100)
)
_OLD: Final = (
    select(_a.token_sha256).where(_a.expires_at < bindparam("before")).order_by(_a.expires_at).limit(bindparam("most"))
)
FORGET: Final = Statement(delete(alerts).where(_a.token_sha256.in_(_OLD)))


class SqlAlerts:
    """Alerts on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def add(self, alert: Alert) -> None:
        """Keep one."""
        self._line.change(ADD, ALERT.cells(alert))

    def refer(self, token_sha256: str, reference: str) -> None:
        """Write down by what it is found again."""
        self._line.change(REFER, {"row_token": token_sha256, "found_by": reference})

    def by_token(self, token_sha256: str) -> Alert | None:
        """Return the alert with this token."""
        row = self._line.row(BY_TOKEN, {"token_sha256": token_sha256})
        return None if row is None else ALERT.read(row)

    def by_code(self, code: str, now: datetime) -> Sequence[Alert]:
        """Return alerts with this code that have not expired."""
        return [ALERT.read(row) for row in self._line.rows(BY_CODE, {"code": code, "now": to_microseconds(now)})]

    def of_session(self, session_id: SessionId) -> Sequence[Alert]:
        """Return a session's alerts that can be found again."""
        return [ALERT.read(row) for row in self._line.rows(OF_SESSION, {"session_id": session_id})]

    def forget_before(self, before: datetime, limit: int) -> int:
        """Drop alerts that expired before then."""
        return self._line.change(FORGET, {"before": to_microseconds(before), "most": limit})
