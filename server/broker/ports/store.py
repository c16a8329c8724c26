"""Keep the truth: one transaction at a time, grouped, durable before anybody is answered.

A transaction is a plain synchronous function of a `Unit`, run off the event loop. Units that wait at the same time
share one durable commit, each behind a savepoint of its own. Numbers for events are given last in the group, so the
organisation's counter is held for the shortest time. Adapter: `server.storage.database.SqlDatabase` on SQLite and
PostgreSQL; its in-memory form (`sqlite://`) is the fake that ships.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from server.broker.ports.alerts import KeepsAlerts
from server.broker.ports.channel_store import ChannelRows, OutParts
from server.broker.ports.conversations import Conversations, FileRows
from server.broker.ports.ledger import Ledger
from server.broker.ports.organisations import Organisations
from server.broker.ports.past import Audit, Contacts, Search
from server.broker.ports.privacy import PersonalRows, PurgedFile
from server.broker.ports.records import Credential, Fed, Principal
from server.broker.ports.shifts import ShiftViews
from server.broker.ports.supervision import Figures
from server.broker.ports.visitors import Visitors
from server.core.presence import Operator
from server.core.routing import InHand
from server.core.session import Session
from server.wire.terms import ContactId, ConversationId, OperatorId, OrganisationId, Presence, SessionId
from server.wire.views import Context, ConversationView, MessageView, OperatorView, Page, SessionView

T = TypeVar("T")


class Sessions(Protocol):
    """Handoff sessions."""

    def load(self, organisation_id: OrganisationId, session_id: SessionId) -> Session | None:
        """Return the session, locked until the transaction ends."""
        ...

    def next_number(self, organisation_id: OrganisationId) -> int:
        """Return the next number for people, counting from 1 without holes."""
        ...

    def insert(self, session: Session, *, reason: str, context: Context, deadline_at: datetime | None) -> None:
        """Add a new session with its reason and context package."""
        ...

    def save(self, session: Session, *, deadline_at: datetime | None) -> None:
        """Write the session over its predecessor of version - 1.

        Raises:
            ConflictError: `concurrent_change` when the row's version is another (the road then tries again).
        """
        ...

    def set_context(self, organisation_id: OrganisationId, session_id: SessionId, context: Context) -> None:
        """Replace the context package."""
        ...

    def accepted_since(self, organisation_id: OrganisationId, conversation_id: ConversationId, at: datetime) -> bool:
        """Tell whether an operator has accepted a session of this conversation since then."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[tuple[OrganisationId, SessionId]]:
        """Return sessions whose deadline has passed, oldest first."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return the earliest deadline of all."""
        ...

    def queued(self, organisation_id: OrganisationId, limit: int, but: Sequence[Session] = ()) -> Sequence[Session]:
        """Return sessions in state QUEUED by (priority, place), lowest number and oldest first.

        Without those of the same queue, medium and skills as any of `but`.
        """
        ...

    def ringing(self, organisation_id: OrganisationId, limit: int) -> Sequence[Session]:
        """Return sessions in state OFFERED in the order of `queued`."""
        ...

    def abandoned(
        self, organisation_id: OrganisationId, contact_id: ContactId, queue: str, since: datetime
    ) -> Session | None:
        """Return the newest session that this contact abandoned in a queue since an instant."""
        ...

    def newest_of(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Session | None:
        """Return the conversation's newest session, open or closed."""
        ...

    def reached_since(self, organisation_id: OrganisationId, queue: str, since: datetime) -> int:
        """Return how many sessions of a queue that were requested since an instant have reached an operator."""
        ...

    def ahead_of(self, session: Session) -> int:
        """Return how many wait in the same queue at a place before this session's, those that ring included."""
        ...

    def in_hand(self, organisation_id: OrganisationId) -> InHand:
        """Return how many sessions each operator has ringing, in hand or in wrap-up, by medium."""
        ...

    def rung(self, organisation_id: OrganisationId) -> set[OperatorId]:
        """Return everybody at whom something rings."""
        ...

    def held_by(self, organisation_id: OrganisationId, operator_id: OperatorId) -> Sequence[Session]:
        """Return the sessions that ring at or are in hand of one operator."""
        ...

    def last_operator(self, session: Session) -> OperatorId | None:
        """Return who had this session's customer last, in any conversation of the contact; None when nobody did."""
        ...

    def supervised(self) -> Sequence[Session]:
        """Return the sessions of all organisations that a supervisor is in."""
        ...

    def supervised_by(self, organisation_id: OrganisationId, operator_id: OperatorId) -> Sequence[Session]:
        """Return the sessions that one operator supervises."""
        ...

    def asked(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Sequence[Session]:
        """Return the open questions and proposals of one conversation, oldest first."""
        ...

    def open_calls(self) -> Sequence[Session]:
        """Return all open voice sessions of all organisations, to bring live calls in line after a start."""
        ...


class Roster(Protocol):
    """Organisations, operators and credentials."""

    def organisations(self) -> Sequence[OrganisationId]:
        """Return all organisations."""
        ...

    def add_organisation(self, organisation_id: OrganisationId, name: str, now: datetime) -> None:
        """Add an organisation; adding it twice changes nothing."""
        ...

    def load(self, organisation_id: OrganisationId, operator_id: OperatorId) -> Operator | None:
        """Return one operator, locked until the transaction ends; a disabled one is not returned."""
        ...

    def on_duty(self, organisation_id: OrganisationId) -> Sequence[Operator]:
        """Return operators who are available and connected."""
        ...

    def insert(self, operator: Operator) -> None:
        """Add an operator."""
        ...

    def save(self, operator: Operator) -> None:
        """Write an operator over itself."""
        ...

    def disable(self, organisation_id: OrganisationId, operator_id: OperatorId, now: datetime) -> bool:
        """Disable an operator and revoke their tokens; False when there is none."""
        ...

    def add_credential(self, credential: Credential) -> None:
        """Add a token's hash."""
        ...

    def revoke_credential(self, organisation_id: OrganisationId, credential_id: str, now: datetime) -> bool:
        """Revoke one token; False when there is none."""
        ...

    def set_handoff(self, organisation_id: OrganisationId, key_id: str, *, on: bool) -> None:
        """Write down whether an assistant's key may ask for people."""
        ...

    def credentials(self, organisation_id: OrganisationId, kind: str) -> Sequence[Credential]:
        """Return credentials of one kind, revoked ones too."""
        ...

    def principal(self, sha256: str) -> Principal | None:
        """Return whose token it is; None when unknown, revoked or of a disabled operator."""
        ...


class Views(ShiftViews, Protocol):
    """What people and assistants are shown, in as few queries as can be."""

    def last_seq(self, organisation_id: OrganisationId) -> int:
        """Return the number of the newest event, 0 when there is none."""
        ...

    def oldest_seq(self, organisation_id: OrganisationId) -> int:
        """Return the number of the oldest event still kept, 0 when there is none."""
        ...

    def events(self, organisation_id: OrganisationId, after: int, limit: int) -> Sequence[Fed]:
        """Return events numbered above `after`, in order, with their views as they are now."""
        ...

    def open_sessions(self, organisation_id: OrganisationId) -> Sequence[SessionView]:
        """Return all open sessions with their last three turns, by place."""
        ...

    def session(self, organisation_id: OrganisationId, session_id: SessionId) -> SessionView | None:
        """Return one session, open or closed, by its id."""
        ...

    def session_by_number(self, organisation_id: OrganisationId, number: int) -> SessionView | None:
        """Return one session by the number that people say."""
        ...

    def history(self, organisation_id: OrganisationId, before: str, limit: int) -> Page:
        """Return closed sessions, newest first; `before` is the last page's `next_before`."""
        ...

    def follow_ups(self, organisation_id: OrganisationId, after: str, limit: int) -> Page:
        """Return ended sessions with something still to be done, the one due first at the top."""
        ...

    def talks(
        self, organisation_id: OrganisationId, conversation_id: ConversationId, limit: int
    ) -> Sequence[SessionView]:
        """Return the newest sessions of a conversation in which a person had the customer and has no more, in order."""
        ...

    def conversation(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> ConversationView | None:
        """Return one conversation."""
        ...

    def messages(
        self, organisation_id: OrganisationId, conversation_id: ConversationId, after: int, limit: int
    ) -> Sequence[MessageView]:
        """Return messages whose position is above `after`, in order."""
        ...

    def latest_messages(
        self, organisation_id: OrganisationId, conversation_id: ConversationId, limit: int
    ) -> Sequence[MessageView]:
        """Return the newest messages, in order."""
        ...

    def operators(self, organisation_id: OrganisationId) -> Sequence[OperatorView]:
        """Return the roster with everybody's work in hand, by name; without the disabled."""
        ...

    def presence_counts(self, organisation_id: OrganisationId) -> dict[Presence, int]:
        """Return how many operators chose each presence."""
        ...


class Unit(KeepsAlerts, Protocol):
    """One transaction: everything read and written in it stands or falls together."""

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call this on the event loop once the transaction is durable; never when it is not."""
        ...

    @property
    def sessions(self) -> Sessions:
        """Handoff sessions."""
        ...

    @property
    def conversations(self) -> Conversations:
        """Conversations and messages."""
        ...

    @property
    def files(self) -> FileRows:
        """Files."""
        ...

    @property
    def roster(self) -> Roster:
        """Organisations, operators, credentials."""
        ...

    @property
    def organisations(self) -> Organisations:
        """Organisations and their plans."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Events, effects, answers, tokens."""
        ...

    @property
    def figures(self) -> Figures:
        """What the queues are measured by."""
        ...

    @property
    def audit(self) -> Audit:
        """What supervisors did."""
        ...

    @property
    def views(self) -> Views:
        """What is shown."""
        ...

    @property
    def contacts(self) -> Contacts:
        """Whoever talks with us."""
        ...

    @property
    def search(self) -> Search:
        """Words in old turns."""
        ...

    @property
    def visitors(self) -> Visitors:
        """Who visits web pages."""
        ...

    @property
    def channels(self) -> ChannelRows:
        """What came in on channels, and their accounts."""
        ...

    @property
    def out_parts(self) -> OutParts:
        """What is to be sent on channels."""
        ...

    @property
    def personal(self) -> PersonalRows:
        """Everything of one person."""
        ...


class Database(Protocol):
    """The store."""

    async def open(self) -> None:
        """Connect and check the schema's version.

        Raises:
            server.core.errors.CallerError: `schema_outdated` (run `operator-server migrate`), `database_locked`.
            ProviderError: `database_unreachable`.
        """
        ...

    async def run(self, work: Callable[[Unit], T]) -> T:
        """Run `work` in a writing transaction and return its value after the durable commit.

        What `work` raises rolls back its own savepoint only, and is raised here. Subscribers of `on_commit` are
        called after the commit, before this returns.

        Raises:
            ProviderError: `database_unavailable` (503): the commit failed; nothing of it is there.
        """
        ...

    async def read(self, work: Callable[[Unit], T]) -> T:
        """Run `work` on a reading connection, which sees one consistent state and never waits for writers."""
        ...

    async def purge(self, marks: Sequence[str]) -> PurgedFile | None:
        """Let go of copies that the database keeps of what was erased, and look through its file for these texts.

        None where there is no such file: a database in memory, or on a server that looks after its own.

        Raises:
            ProviderError: `database_unavailable`.
        """
        ...

    def on_commit(self, listener: Callable[[dict[str, int]], None]) -> None:
        """Call `listener` on the event loop after each group commit, with the new last number of each organisation."""
        ...

    async def close(self) -> None:
        """Finish what was begun and disconnect."""
        ...
