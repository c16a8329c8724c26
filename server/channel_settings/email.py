"""Say what is configured of a mailbox."""

from typing import Annotated, Literal

from msgspec import Meta

from server.channel_settings.section import ChannelSettings

Protection = Literal["tls", "starttls", "none"]


class EmailSettings(ChannelSettings, frozen=True, kw_only=True):
    """A mailbox, read over IMAP and answered over SMTP: a section `[channels.NAME]` with `kind = "email"` each."""

    kind: Annotated[Literal["email"], Meta(description="A mailbox: read over IMAP, answered over SMTP.")] = "email"
    api_base: Annotated[str, Meta(max_length=0, description="Nothing: a mailbox has servers, named below.")] = ""
    address: Annotated[str, Meta(description="The mailbox's address: who writes there is a customer.")] = ""
    sender_name: Annotated[str, Meta(max_length=80, description="As answers are signed in their From line.")] = ""
    user: Annotated[str, Meta(description="To sign on with at both servers. Empty: the address.")] = ""
    password_file: Annotated[str, Meta(description="File with that user's password (chmod 600).")] = ""
    imap_host: Annotated[str, Meta(description="The server that keeps the mailbox.")] = ""
    imap_port: Annotated[int, Meta(ge=1, le=65535, description="Its TCP port.")] = 993
    imap_tls: Annotated[
        Protection, Meta(description="tls from the first byte; starttls (port 143); none only for this machine.")
    ] = "tls"
    imap_folder: Annotated[
        str, Meta(min_length=1, description="The folder that is read; nothing in it is changed.")
    ] = "INBOX"
    poll_seconds: Annotated[
        float, Meta(ge=1, le=3600, description="How long to wait before looking for new mail again.")
    ] = 10.0
    smtp_host: Annotated[str, Meta(description="The server that takes answers.")] = ""
    smtp_port: Annotated[int, Meta(ge=1, le=65535, description="Its TCP port.")] = 587
    smtp_tls: Annotated[
        Protection, Meta(description="starttls; tls from the first byte (port 465); none only for this machine.")
    ] = "starttls"
    smtp_sign_on: Annotated[
        bool, Meta(description="false: that server takes mail from this machine without a password.")
    ] = True
