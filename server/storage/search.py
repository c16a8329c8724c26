"""Find turns by their words: FTS5 on SQLite, a text-search vector under a GIN index on PostgreSQL.

Both get words that `server.core.search` has cut already, and neither cuts or folds them again, so both find the same.
A query is built of those words alone: what an operator typed never reaches a database's own query language.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, insert, select, text, update

from server.broker.ports.records import Hit, Message
from server.core.search import Query, Term, words_of
from server.core.session import label
from server.storage.cells import Row, as_instant, as_number, as_text
from server.storage.line import Line
from server.storage.past_schema import searchable
from server.storage.statement import Statement
from server.wire.history import Found
from server.wire.terms import Author, ContactId, ConversationId, Medium, MessageId, OrganisationId, SessionId
from server.wire.views import Customer

MOST_POSITIONS: Final = 255
LAST_POSITION: Final = 16_383
"""What a text-search vector can hold of one word, and of one text."""
LAST_ENTRY: Final = (1 << 62) - 1

ADD: Final = Statement(
    insert(searchable).returning(searchable.c.entry), fills=["organisation_id", "message_id", "words"]
)
KNOWN: Final = Statement(
    select(searchable.c.entry, searchable.c.words).where(searchable.c.message_id == bindparam("message_id"))
)
CHANGE: Final = Statement(
    update(searchable).where(
        searchable.c.entry == bindparam("row_entry"), searchable.c.words != bindparam("row_words")
    ),
    fills=["words"],
)
"""Not when the words stay, which is so whenever only the delivery of a message changed."""
PUT_WORDS: Final = Statement(text("INSERT INTO searchable_words (rowid, words) VALUES (:entry, :words)"))
DROP_WORDS: Final = Statement(
    text("INSERT INTO searchable_words (searchable_words, rowid, words) VALUES ('delete', :entry, :words)")
)
LET_BITMAPS: Final = Statement(text("SELECT set_config('enable_bitmapscan', 'on', true)"))
"""A GIN index is read by bitmaps only, which other queries do without; until the transaction ends."""

_SHOWN: Final = (
    "s.entry, m.id, m.conversation_id, m.position, m.author, m.at, m.author_name, m.session_id, m.text, c.medium, "
    "c.customer_name, c.customer_handle, c.channel, c.contact_id, h.number"
)
_JOINED: Final = (
    "JOIN messages m ON m.id = s.message_id JOIN conversations c ON c.id = m.conversation_id "
    "LEFT JOIN sessions h ON h.id = m.session_id"
)
_LITE: Final = (
    "FROM searchable_words w JOIN searchable s ON s.entry = w.rowid "
    "WHERE w.searchable_words MATCH :query AND s.organisation_id = :organisation_id"
)
_POST: Final = "FROM searchable s WHERE s.words @@ CAST(:query AS tsquery) AND s.organisation_id = :organisation_id"


def _ranked(inner: str) -> Statement:
    """Return the query of all that is shown of a few entries, in their order."""
    query = f"SELECT {_SHOWN} FROM ({inner}) f JOIN searchable s ON s.entry = f.entry {_JOINED} ORDER BY f.place"  # noqa: S608 - words of our own
    return Statement(text(query))


NEWEST: Final = {
    "sqlite": _ranked(
        f"SELECT s.entry, -s.entry AS place {_LITE} AND w.rowid < :before ORDER BY w.rowid DESC LIMIT :most"
    ),
    "postgresql": _ranked(
        f"SELECT s.entry, -s.entry AS place {_POST} AND s.entry < :before ORDER BY s.entry DESC LIMIT :most"
    ),
}
BEST: Final = {
    "sqlite": _ranked(
        f"SELECT s.entry, row_number() OVER (ORDER BY w.rank, w.rowid DESC) AS place {_LITE} "
        "ORDER BY place LIMIT :most OFFSET :skip"
    ),
    "postgresql": _ranked(
        "SELECT s.entry, row_number() OVER (ORDER BY ts_rank(s.words, CAST(:query AS tsquery), 1) DESC, "
        f"s.entry DESC) AS place {_POST} ORDER BY place LIMIT :most OFFSET :skip"
    ),
}


class SqlSearch:
    """The words of turns, on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line
        self._lite: Final = line.dialect == "sqlite"

    def add(self, message: Message) -> None:
        """Let a turn that was just added be found."""
        words = self._words(message.text)
        of = {"organisation_id": message.organisation_id, "message_id": message.id, "words": words}
        row = self._line.row(ADD, of)
        if row is not None and self._lite:
            self._line.change(PUT_WORDS, {"entry": row[0], "words": words})

    def change(self, message_id: str, text: str) -> None:
        """Let a turn whose text was changed be found by its new words only."""
        row = self._line.row(KNOWN, {"message_id": message_id})
        if row is None:
            return
        words = self._words(text)
        if row[1] == words:
            return
        if self._lite:
            self._line.change(DROP_WORDS, {"entry": row[0], "words": row[1]})
            self._line.change(PUT_WORDS, {"entry": row[0], "words": words})
        self._line.change(CHANGE, {"row_entry": row[0], "row_words": words, "words": words})

    def newest(self, organisation_id: OrganisationId, query: Query, before: int, limit: int) -> Sequence[Hit]:
        """Return turns below entry `before` (0: all) that the query finds, newest first."""
        cells = {"before": before or LAST_ENTRY, "most": limit}
        return self._found(NEWEST[self._line.dialect], organisation_id, query, cells)

    def best(self, organisation_id: OrganisationId, query: Query, skip: int, limit: int) -> Sequence[Hit]:
        """Return turns that the query finds, those that fit best first, after the first `skip`."""
        return self._found(BEST[self._line.dialect], organisation_id, query, {"skip": skip, "most": limit})

    def _found(
        self, statement: Statement, organisation_id: OrganisationId, query: Query, cells: dict[str, int]
    ) -> list[Hit]:
        if not self._lite:
            self._line.row(LET_BITMAPS, {})
        asked = fts5_query(query) if self._lite else ts_query(query)
        rows = self._line.rows(statement, {**cells, "organisation_id": organisation_id, "query": asked})
        return [_hit(row) for row in rows]

    def _words(self, text: str) -> str:
        words = words_of(text)
        return " ".join(words) if self._lite else ts_vector(words)


def fts5_query(query: Query) -> str:
    """Return the query in FTS5's language."""
    asked = " AND ".join(_fts5(term) for term in query.terms if not term.excluded)
    without = "".join(f" NOT {_fts5(term)}" for term in query.terms if term.excluded)
    return f"({asked}){without}"


def _fts5(term: Term) -> str:
    return f'"{" ".join(term.words)}"{"*" if term.prefix else ""}'


def ts_query(query: Query) -> str:
    """Return the query as a PostgreSQL `tsquery`."""
    return " & ".join(_ts(term) for term in query.terms)


def _ts(term: Term) -> str:
    words = [f"'{word}'" for word in term.words]
    words[-1] += ":*" if term.prefix else ""
    return f"{'!' if term.excluded else ''}({' <-> '.join(words)})"


def ts_vector(words: Sequence[str]) -> str:
    """Return words as a PostgreSQL `tsvector`, each with its places."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words, 1):
        known = places.setdefault(word, [])
        if len(known) < MOST_POSITIONS:
            known.append(min(place, LAST_POSITION))
    return " ".join(f"'{word}':{','.join(map(str, known))}" for word, known in places.items())


def _hit(row: Row) -> Hit:
    entry, id_, conversation, position, author, at, author_name, session, said, medium, *rest = row
    name, handle, channel, contact, number = rest
    return Hit(
        found=Found(
            message_id=MessageId(as_text(id_)),
            conversation_id=ConversationId(as_text(conversation)),
            position=as_number(position),
            author=Author(as_text(author)),
            at=as_instant(at),
            medium=Medium(as_text(medium)),
            customer=Customer(name=as_text(name), handle=as_text(handle), channel=as_text(channel)),
            snippet="",
            author_name=as_text(author_name),
            session_id=SessionId(as_text(session)) if session else None,
            number=label(as_number(number)) if number is not None else "",
            contact_id=ContactId(as_text(contact)) if contact else None,
        ),
        text=as_text(said),
        entry=as_number(entry),
    )
