"""Say what may differ from queue to queue, and where recordings of their calls go: sections of `server.config`."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section


class StepSettings(Section, frozen=True, kw_only=True):
    """One step of a queue's policy: its second, its circumstances, and one thing that it does."""

    after_seconds: Annotated[float, Meta(ge=0, le=86_400)]
    when: Literal["always", "nobody_on_duty", "closed", "open"] = "always"
    tell: Annotated[str, Meta(max_length=1000)] = ""
    notify: tuple[str, ...] = ()
    repeat_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    transfer: Annotated[str, Meta(max_length=120)] = ""
    ring_seconds: Annotated[float, Meta(ge=5, le=120)] = 30.0
    confirm_seconds: Annotated[float, Meta(ge=0, le=120)] = 20.0
    callback: bool = False
    overflow: str = ""
    voicemail: bool = False
    expire: bool = False


class WidenSettings(Section, frozen=True, kw_only=True):
    """After so long a wait, lower levels of the skills will do."""

    after_seconds: Annotated[float, Meta(ge=0, le=86_400)]
    lower_by: Annotated[int, Meta(ge=1, le=9)]


class TicketOrder(Section, frozen=True, kw_only=True):
    """Which system keeps a ticket of each handoff of a queue, and when it is made."""

    system: str = ""
    at: Literal["handoff", "wrap_up"] = "handoff"


class VoicemailSettings(Section, frozen=True, kw_only=True):
    """How callers of a queue leave a message, where a step of its policy asks for one; see docs/voicemail.md."""

    greeting: str = ""
    longest_seconds: Annotated[float, Meta(ge=5, le=3600)] = 180.0
    shortest_seconds: Annotated[float, Meta(ge=0.2, le=60)] = 1.0
    silence_seconds: Annotated[float, Meta(ge=2, le=60)] = 6.0
    attempts: Annotated[int, Meta(ge=1, le=5)] = 2


class QueueSettings(Section, frozen=True, kw_only=True):
    """What is different in one queue: a section `[queues.NAME]` each; what it leaves out is as in [desk]."""

    wrap_up_seconds: (
        Annotated[float, Meta(ge=0, le=3600, description="Time to write up after a session of this queue; 0: none.")]
        | None
    ) = None
    wait_expires_seconds: (
        Annotated[float, Meta(ge=10, le=86_400, description="A session nobody took in this time ends as expired.")]
        | None
    ) = None
    promise_seconds: (
        Annotated[float, Meta(ge=1, le=86_400, description="What customers of this queue are promised.")] | None
    ) = None
    announce_supervision: (
        Annotated[bool, Meta(description="Operators see when a supervisor is in a session of this queue.")] | None
    ) = None
    short_abandon_seconds: (
        Annotated[float, Meta(ge=0, le=120, description="Who leaves this queue sooner is not counted as abandoned.")]
        | None
    ) = None
    routing: (
        Annotated[
            Literal[
                "longest_idle",
                "least_busy",
                "round_robin",
                "lowest_handle_time",
                "highest_score",
                "last_operator",
                "http",
                "ring_all",
                "ring_progressively",
                "pull",
            ],
            Meta(description="Whom this queue rings first; http: whom `router_url` names. See docs/routing.md."),
        ]
        | None
    ) = None
    skills: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=45)], ...],
        Meta(max_length=20, description='What its operators must be able to do, such as "billing 3"; level 1 to 9.'),
    ] = ()
    ring_more_seconds: Annotated[
        float,
        Meta(ge=1, le=600, description='With "ring_progressively": after so long it rings at one more operator.'),
    ] = 10.0
    widen: Annotated[
        tuple[WidenSettings, ...],
        Meta(max_length=10, description="How the levels ease: {after_seconds = 60, lower_by = 1}."),
    ] = ()
    router_url: Annotated[
        str, Meta(max_length=2000, description='With routing = "http": the address that is asked whom to ring.')
    ] = ""
    router_secret_file: Annotated[
        str, Meta(description="File with the secret that signs the question (chmod 600), whsec_ and base64.")
    ] = ""
    router_timeout_ms: Annotated[
        int, Meta(ge=50, le=5000, description="Later answers are not waited for: the longest idle is rung.")
    ] = 800
    router_allow_private: Annotated[
        bool, Meta(description="true lets it be http, or an address of this machine or of your own network.")
    ] = False
    dispositions: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=80)], ...],
        Meta(max_length=40, description="What operators choose from after a session, and no other. Empty: any words."),
    ] = ()
    disposition_required: Annotated[bool, Meta(description="true: no session is finished by hand without one.")] = False
    hours: Annotated[
        tuple[str, ...],
        Meta(max_length=50, description='When the queue is open, such as "mon-fri 09:00-17:30". Empty: always.'),
    ] = ()
    time_zone: Annotated[
        str, Meta(min_length=1, max_length=64, description="Whose clock the hours mean, such as Europe/Berlin.")
    ] = "UTC"
    holidays: Annotated[
        tuple[str, ...], Meta(max_length=400, description='Days on which the queue is closed, such as "2027-01-01".')
    ] = ()
    policy: Annotated[
        tuple[StepSettings, ...],
        Meta(max_length=50, description="What happens, and in which second, to who waits; see docs/policy.md."),
    ] = ()
    outcome_to: Annotated[
        tuple[str, ...],
        Meta(max_length=10, description="Destinations ([notices.NAME]) that are told how each handoff ended."),
    ] = ()
    ticket: Annotated[
        TicketOrder,
        Meta(description="A ticket of each handoff in this system ([tickets.NAME]), made then; see docs/tickets.md."),
    ] = TicketOrder()
    voicemail: Annotated[
        VoicemailSettings,
        Meta(description='How callers leave a message: {greeting = "hello.wav", longest_seconds = 180}.'),
    ] = VoicemailSettings()
    record: Annotated[
        bool, Meta(description="true: calls of this queue are recorded while caller and operator talk.")
    ] = False
    record_consent: Annotated[
        Literal["required", "not_required"],
        Meta(description="required: only after the customer said yes. not_required: unless they said no."),
    ] = "required"


class RecordingSettings(Section, frozen=True, kw_only=True):
    """Where recordings of calls and voicemails go; which are made says each queue."""

    folder: Annotated[str, Meta(description="Folder for the recordings (mode 700). Empty: recordings in data_dir.")] = (
        ""
    )
    keep_days: Annotated[
        int, Meta(ge=1, le=36_500, description="A recording is deleted so many days after its last word.")
    ] = 30
    keep_voicemail_days: Annotated[
        int, Meta(ge=1, le=36_500, description="A voicemail is deleted so many days after it was left.")
    ] = 30
    encrypt: Annotated[
        bool,
        Meta(description="false: recordings and voicemails lie there as WAV files that anybody with the disk reads."),
    ] = True
    keys_file: Annotated[
        str,
        Meta(
            description="File with the keys that seal them (chmod 600), the first for new ones; "
            "OPERATOR_RECORDING_KEYS wins. Empty: recordings.keys in data_dir, made at the first start."
        ),
    ] = ""
    least_free_mb: Annotated[
        int,
        Meta(ge=0, le=10_000_000, description="With less room than this on its disk nothing more is recorded."),
    ] = 500
