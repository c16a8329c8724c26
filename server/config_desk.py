"""Say how the desk works: who is rung for how long, and what happens when nobody comes."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section


class DeskSettings(Section, frozen=True, kw_only=True):
    """How the desk works: who is rung for how long, and what happens when nobody comes."""

    routing: Annotated[
        Literal[
            "longest_idle",
            "least_busy",
            "round_robin",
            "lowest_handle_time",
            "highest_score",
            "last_operator",
            "ring_all",
            "ring_progressively",
            "pull",
        ],
        Meta(description="Whom to ring first, or at once; pull: nobody, operators pick. See docs/routing.md."),
    ] = "longest_idle"
    away_after_missed: Annotated[
        int, Meta(ge=0, le=100, description="So many rings missed in a row set an operator away; 0: never.")
    ] = 3
    rest_missed_seconds: Annotated[
        float, Meta(ge=0, le=3600, description="Who missed a ring is not rung for so long.")
    ] = 0.0
    rest_declined_seconds: Annotated[
        float, Meta(ge=0, le=3600, description="Who declined a ring is not rung for so long.")
    ] = 0.0
    ring_again_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="When everybody let a session pass, it rings at them again after so long; 0: never.",
        ),
    ] = 60.0
    offer_seconds_voice: Annotated[
        float, Meta(ge=1, le=300, description="A call rings this long at one operator before it goes on to the next.")
    ] = 15.0
    offer_seconds_chat: Annotated[
        float, Meta(ge=1, le=600, description="A chat rings this long at one operator before it goes on to the next.")
    ] = 30.0
    connect_lease_seconds: Annotated[
        float, Meta(ge=1, le=60, description="Audio must be up this soon after accept, else the session queues again.")
    ] = 5.0
    hold_sound: Annotated[
        Literal["tone", "silence"],
        Meta(description="What a caller on hold hears: two soft beeps every five seconds, or nothing."),
    ] = "tone"
    screening_seconds: Annotated[
        float, Meta(ge=0.1, le=60, description="The guard decides within this time, else the request is let through.")
    ] = 5.0
    reconnect_seconds_voice: Annotated[
        float,
        Meta(ge=1, le=300, description="An operator whose audio is gone this long in a call loses it to the queue."),
    ] = 15.0
    reconnect_seconds_chat: Annotated[
        float,
        Meta(ge=1, le=3600, description="An operator whose last console is gone this long loses a chat to the queue."),
    ] = 120.0
    wrap_up_seconds: Annotated[
        float, Meta(ge=0, le=3600, description="Time to write up after a session, before the next one rings; 0: none.")
    ] = 60.0
    wait_expires_seconds: Annotated[
        float, Meta(ge=10, le=86_400, description="A session nobody took in this time ends as expired.")
    ] = 1800.0
    ring_back_seconds: Annotated[
        float, Meta(ge=10, le=120, description="How long it rings at a customer whom an operator calls.")
    ] = 40.0
    promise_seconds: Annotated[
        float, Meta(ge=1, le=86_400, description="What customers are promised; waiting longer shows as past promise.")
    ] = 60.0
    away_reasons: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=40)], ...],
        Meta(max_length=12, description="The reasons to be away that consoles offer; others can be written."),
    ] = ("break", "lunch", "training", "paperwork")
    max_on_break: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="How many may be away at once; one more must ask, and a supervisor decides. 0: any number.",
        ),
    ] = 0
    receipt_seconds: Annotated[
        float,
        Meta(
            ge=1,
            le=86_400,
            description="A message of which a channel that promised receipts says nothing for so long "
            "is shown as one that may not have arrived.",
        ),
    ] = 60.0
    edit_window_seconds: Annotated[
        float,
        Meta(
            ge=0, le=86_400, description="An operator may change or take back their last message for so long; 0: never."
        ),
    ] = 900.0
    announce_supervision: Annotated[
        bool, Meta(description="true: operators see when a supervisor watches, listens or speaks in their session.")
    ] = True
    short_abandon_seconds: Annotated[
        float,
        Meta(ge=0, le=120, description="Customers who leave sooner are not counted as abandoned; 0: all are."),
    ] = 6.0
