"""Keep what is known of files; their bytes are in `server.storage.file_store`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from server.broker.ports.records import KeptFile
from server.storage.cells import Shape
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.schema import files
from server.storage.statement import Statement, condition
from server.wire.terms import FileId, OrganisationId

FILE: Final = Shape(KeptFile, files)
"""How a file lies in its row."""
_f = files.c
_MINE = (_f.id == bindparam("row_id"), _f.organisation_id == bindparam("row_organisation"))

INSERT: Final = Statement(insert(files), fills=FILE.names)
LOAD: Final = Statement(
    select(*FILE.columns).where(_f.id == bindparam("id"), _f.organisation_id == bindparam("organisation_id"))
)
SAVE: Final = Statement(update(files).where(*_MINE), fills=["attached"])
DELETE: Final = Statement(delete(files).where(*_MINE))
EXPIRED: Final = Statement(
    select(*FILE.columns)
    .where(
        or_(
            _f.at < bindparam("kept_after"),
            and_(_f.at < bindparam("unused_after"), condition("files.attached = 0")),
        )
    )
    .order_by(_f.at)
    .limit(bindparam("most"))
)
SHARES: Final = Statement(
    select(_f.id).where(
        _f.organisation_id == bindparam("organisation_id"), _f.sha256 == bindparam("sha256"), _f.id != bindparam("id")
    )
)


class SqlFiles:
    """Files on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def insert(self, file: KeptFile) -> None:
        """Add a file."""
        self._line.change(INSERT, FILE.cells(file))

    def load(self, organisation_id: OrganisationId, file_id: FileId) -> KeptFile | None:
        """Return one file."""
        row = self._line.row(LOAD, {"id": file_id, "organisation_id": organisation_id})
        return None if row is None else FILE.read(row)

    def save(self, file: KeptFile) -> None:
        """Write whether a message carries the file."""
        self._line.change(
            SAVE, {"attached": int(file.attached), "row_id": file.id, "row_organisation": file.organisation_id}
        )

    def delete(self, organisation_id: OrganisationId, file_id: FileId) -> None:
        """Remove a file's row."""
        self._line.change(DELETE, {"row_id": file_id, "row_organisation": organisation_id})

    def expired(self, kept_after: datetime, unused_after: datetime, limit: int) -> Sequence[KeptFile]:
        """Return files older than `kept_after`, and those that no message carries and that are older than the other."""
        cells = {
            "kept_after": to_microseconds(kept_after),
            "unused_after": to_microseconds(unused_after),
            "most": limit,
        }
        return [FILE.read(row) for row in self._line.rows(EXPIRED, cells)]

    def shares_bytes(self, file: KeptFile) -> bool:
        """Tell whether another file of the organisation has the same bytes."""
        cells = {"organisation_id": file.organisation_id, "sha256": file.sha256, "id": file.id}
        return self._line.row(SHARES, cells) is not None
