"""Keep visitors of web pages, found by their token's hash."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from server.broker.ports.visitors import Visitor
from server.storage.cells import Shape
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.past_schema import visitors
from server.storage.statement import Statement

VISITOR: Final = Shape(Visitor, visitors)
"""How a visitor lies in their row."""
_v = visitors.c

INSERT: Final = Statement(insert(visitors), fills=VISITOR.names)
SAVE: Final = Statement(
    update(visitors).where(_v.id == bindparam("row_id"), _v.organisation_id == bindparam("row_organisation")),
    fills=[name for name in VISITOR.names if name not in {"id", "organisation_id"}],
)
BY_TOKEN: Final = Statement(select(*VISITOR.columns).where(_v.sha256 == bindparam("sha256")), locks=True)
_OLD: Final = select(_v.id).where(_v.seen_at < bindparam("before")).order_by(_v.seen_at, _v.id).limit(bindparam("most"))
FORGET: Final = Statement(delete(visitors).where(_v.id.in_(_OLD)))


class SqlVisitors:
    """Visitors on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def insert(self, visitor: Visitor) -> None:
        """Add a visitor."""
        self._line.change(INSERT, VISITOR.cells(visitor))

    def save(self, visitor: Visitor) -> None:
        """Write a visitor over themselves."""
        cells = VISITOR.cells(visitor)
        row = {"row_id": cells.pop("id"), "row_organisation": cells.pop("organisation_id")}
        self._line.change(SAVE, {**cells, **row})

    def by_token(self, sha256: str) -> Visitor | None:
        """Return whose token it is, locked until the transaction ends; None when nobody's."""
        row = self._line.row(BY_TOKEN, {"sha256": sha256})
        return None if row is None else VISITOR.read(row)

    def forget_before(self, before: datetime, limit: int) -> int:
        """Drop visitors who were not seen since `before`, at most `limit`; return how many. Their talk stays."""
        return self._line.change(FORGET, {"before": to_microseconds(before), "most": limit})
