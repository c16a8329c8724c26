"""Be one transaction's view of the store: its parts on one line."""

from collections.abc import Callable
from typing import Final

from server.clock import Clock
from server.storage.alerts import SqlAlerts
from server.storage.audit import SqlAudit
from server.storage.channels_in import SqlChannelRows
from server.storage.channels_out import SqlOutParts
from server.storage.contacts import SqlContacts
from server.storage.conversations import SqlConversations
from server.storage.figures import SqlFigures
from server.storage.files import SqlFiles
from server.storage.ledger import SqlLedger
from server.storage.line import Line
from server.storage.organisations import SqlOrganisations
from server.storage.personal import SqlPersonal
from server.storage.roster import SqlRoster
from server.storage.search import SqlSearch
from server.storage.sessions import SqlSessions
from server.storage.views import SqlViews
from server.storage.visitors import SqlVisitors


class SqlUnit:
    """Everything that a transaction can read and write."""

    def __init__(self, line: Line, clock: Clock) -> None:
        """Work on this line."""
        self.line: Final = line
        self._sessions: Final = SqlSessions(line)
        self._search: Final = SqlSearch(line)
        self._conversations: Final = SqlConversations(line, self._search)
        self._files: Final = SqlFiles(line)
        self._roster: Final = SqlRoster(line)
        self._organisations: Final = SqlOrganisations(line)
        self._ledger: Final = SqlLedger(line, clock)
        self._audit: Final = SqlAudit(line)
        self._alerts: Final = SqlAlerts(line)
        self._figures: Final = SqlFigures(line)
        self._views: Final = SqlViews(line)
        self._contacts: Final = SqlContacts(line)
        self._visitors: Final = SqlVisitors(line)
        self._channels: Final = SqlChannelRows(line)
        self._out_parts: Final = SqlOutParts(line)
        self._personal: Final = SqlPersonal(line, self._search)
        self._afterwards: list[Callable[[], None]] = []

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call this on the event loop once the transaction is durable; never when it is not."""
        self._afterwards.append(call)

    def take_afterwards(self) -> list[Callable[[], None]]:
        """Return what is to be called after the commit, and forget it here."""
        taken, self._afterwards = self._afterwards, []
        return taken

    @property
    def sessions(self) -> SqlSessions:
        """Handoff sessions."""
        return self._sessions

    @property
    def conversations(self) -> SqlConversations:
        """Conversations and messages."""
        return self._conversations

    @property
    def files(self) -> SqlFiles:
        """Files."""
        return self._files

    @property
    def roster(self) -> SqlRoster:
        """Organisations, operators, credentials."""
        return self._roster

    @property
    def organisations(self) -> SqlOrganisations:
        """Organisations and their plans."""
        return self._organisations

    @property
    def ledger(self) -> SqlLedger:
        """Events, effects, answers."""
        return self._ledger

    @property
    def figures(self) -> SqlFigures:
        """What the queues are measured by."""
        return self._figures

    @property
    def alerts(self) -> SqlAlerts:
        """Notices that went out."""
        return self._alerts

    @property
    def audit(self) -> SqlAudit:
        """What supervisors did."""
        return self._audit

    @property
    def views(self) -> SqlViews:
        """What is shown."""
        return self._views

    @property
    def contacts(self) -> SqlContacts:
        """Whoever talks with us."""
        return self._contacts

    @property
    def search(self) -> SqlSearch:
        """Words in old turns."""
        return self._search

    @property
    def visitors(self) -> SqlVisitors:
        """Who visits web pages."""
        return self._visitors

    @property
    def channels(self) -> SqlChannelRows:
        """What came in on channels, and their accounts."""
        return self._channels

    @property
    def out_parts(self) -> SqlOutParts:
        """What is to be sent on channels."""
        return self._out_parts

    @property
    def personal(self) -> SqlPersonal:
        """Everything of one person."""
        return self._personal
