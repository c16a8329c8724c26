"""Hold what every use case of the broker is built from; put together once, in `server.build`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from server.broker.ports.assistants import Assistant, Assistants
from server.broker.ports.card_writer import CardWriter
from server.broker.ports.carrier import NO_CARRIERS, Carriers
from server.broker.ports.channels import Account, Accounts
from server.broker.ports.dialling import NOWHERE, DialGuard
from server.broker.ports.files import FileStore
from server.broker.ports.measures import NO_MEASURES, Measures
from server.broker.ports.media import MediaControl
from server.broker.ports.notices import Destination, Destinations
from server.broker.ports.recordings import Recordings
from server.broker.ports.redactor import Redactor
from server.broker.ports.router import Router, Routers
from server.broker.ports.sip import LinePolicy, SipEngine
from server.broker.ports.store import Database
from server.broker.ports.tickets import TicketDesk, TicketDesks
from server.broker.ports.translator import Translator
from server.broker.ports.understanding import Understanding
from server.broker.signs import DEFAULT_MIND, MindPolicy
from server.clock import Clock
from server.core.effects import Notice
from server.core.files import NO_FILES, FileRules
from server.core.on_call import Schedule
from server.core.plans import Plan, Plans
from server.core.session import Rules
from server.wire.history import QueueView
from server.wire.terms import OrganisationId
from server.wire.views import NO_POLICY, DeskPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The broker's ports, rules and wording.

    Attributes:
        new_id: Returns a fresh id with the given prefix: `new_id("s")` gives "s_...".
        new_secret: Returns a fresh secret of at least 128 bits, URL-safe.
        redactor: Takes out of texts what must not be kept.
        cards: Reads transcripts for the card.
        notices: What a customer is told at each notice.
        channels: Accounts on platforms where customers write, by name.
        destinations: Where notices to people outside can be sent, by name.
        fallbacks: To which destination a notice goes that another one did not take.
        on_call: Who is on call, by the schedule's name.
        desk_url: The broker's address as people outside reach it; empty: notices have no links.
        sip: Takes and places calls over SIP; None where it is off.
        line: Who answers them.
        ring: Offers are made; false: operators only pull, whatever the queues say.
        keep_days: A conversation is erased so many days after its last word; 0: never.
        policy: What the desk's rules say about people.
        queues: What is configured of queues, by name; one that is not there has no rules of its own.
        carriers: Who places calls, by channel; empty when nobody can.
        guard: Says whom the organisation lets its people call.
        routers: The rules of the house that name whom to ring, by queue.
        understanding: Looks at conversations; None: nothing does.
        mind: What follows from what was understood.
        recordings: Where recordings are found again; None where none are kept.
        tickets: Systems that keep tickets, by name.
        assistants: Who answers customers from within this broker, by the name of their key.
        link_key: Signs the links of notices; empty: voicemails have no link.
        transcribes: What is said on calls becomes text: notices of a voicemail wait for its last words.
        translator: Who translates between customers and the desk; None: nobody does.
        measures: Who counts what happens.
        plans: How much organisations may have, by the plan's name.
        organisations: Whose the accounts and the widget of the configuration are; added when the broker starts.
    """

    database: Database
    media: MediaControl
    files: FileStore
    clock: Clock
    rules: Rules
    new_id: Callable[[str], str]
    new_secret: Callable[[], str]
    redactor: Redactor
    cards: CardWriter
    notices: Mapping[Notice, str]
    sip: SipEngine | None = None
    line: LinePolicy | None = None
    ring: bool = True
    file_rules: FileRules = NO_FILES
    keep_days: int = 0
    policy: DeskPolicy = NO_POLICY
    queues: Mapping[str, QueueView] = field(default_factory=dict[str, QueueView])
    carriers: Carriers = NO_CARRIERS
    guard: DialGuard = NOWHERE
    channels: Accounts = field(default_factory=dict[str, Account])
    destinations: Destinations = field(default_factory=dict[str, Destination])
    fallbacks: Mapping[str, str] = field(default_factory=dict[str, str])
    on_call: Mapping[str, Schedule] = field(default_factory=dict[str, Schedule])
    desk_url: str = ""
    routers: Routers = field(default_factory=dict[str, Router])
    understanding: Understanding | None = None
    mind: MindPolicy = DEFAULT_MIND
    recordings: Recordings | None = None
    tickets: TicketDesks = field(default_factory=dict[str, TicketDesk])
    assistants: Assistants = field(default_factory=dict[str, Assistant])
    translator: Translator | None = None
    measures: Measures = NO_MEASURES
    plans: Plans = field(default_factory=dict[str, Plan])
    organisations: frozenset[OrganisationId] = frozenset()
    link_key: bytes = b""
    transcribes: bool = False


NOTICES: Mapping[Notice, str] = {
    Notice.OPERATOR_JOINED: "A person has joined the conversation.",
    Notice.BACK_IN_QUEUE: "The connection to the person was lost. You keep your place; somebody will be with you.",
    Notice.PASSED_ON: "Somebody else will help you. You keep your place.",
    Notice.BACK_WITH_ASSISTANT: "You are back with the assistant.",
    Notice.NOBODY_CAME: "I am sorry, nobody is free right now. The assistant goes on helping you.",
}
"""The wording that ships."""
