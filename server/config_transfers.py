"""Say whom operators may have called, and how often: [transfers], and [phonebook.NAME] for each known destination."""

from typing import Annotated

from msgspec import Meta

from server.config_section import Section

Listed = Annotated[str, Meta(pattern=r"^(\+[0-9]{1,15}|sips?:[^\s@]{1,64}@[^\s@]{1,120})$")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]


class TransferSettings(Section, frozen=True, kw_only=True):
    """Whom operators may have called, to transfer a call or to ring back; everybody else is refused."""

    countries: Annotated[
        tuple[Country, ...],
        Meta(
            max_length=250,
            description="Whose ordinary numbers may be called, as ISO 3166 letters. "
            "Empty: those of the carriers' own caller_number.",
        ),
    ] = ()
    allowed: Annotated[
        tuple[Listed, ...],
        Meta(
            max_length=500,
            description="Prefixes of numbers (+4930) and SIP addresses (sip:*@pbx.example.com) that may be called too.",
        ),
    ] = ()
    premium: Annotated[
        bool, Meta(description="true: numbers that cost extra may be called, where a country or a prefix allows them.")
    ] = False
    extension_host: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9.-]{0,120}(:[0-9]{1,5})?$",
            description="Up to eight digits are an extension: sip:<digits>@ this host. Empty: there are none.",
        ),
    ] = ""
    ring_seconds: Annotated[
        float,
        Meta(ge=5, le=120, description="How long it rings at somebody outside; then the operator has the caller back."),
    ] = 30.0
    most_a_day: Annotated[
        int, Meta(ge=0, le=1_000_000, description="Calls that all operators together may have placed in 24 hours.")
    ] = 500
    most_a_day_each: Annotated[
        int, Meta(ge=0, le=100_000, description="Calls that one operator may have placed in 24 hours.")
    ] = 100


class PhonebookSettings(Section, frozen=True, kw_only=True):
    """Somebody outside whom calls are transferred to: a section `[phonebook.NAME]` each. No country rule holds here."""

    number: Annotated[
        str,
        Meta(
            pattern=r"^(\+[0-9]{4,15}|sips?:[^\s@]{1,64}@[^\s@]{1,120})?$",
            description="Whom to dial: +4930123456, or sip:billing@pbx.example.com. Must be set.",
        ),
    ] = ""
    label: Annotated[str, Meta(max_length=60, description="What consoles call them. Empty: the section's name.")] = ""
    warm_only: Annotated[
        bool, Meta(description="true: the operator speaks with them before the caller does; no cold transfer.")
    ] = False
