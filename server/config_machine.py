"""Say where this installation listens, keeps and writes: [server], [media], [database] and [log]."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section

Port = Annotated[int, Meta(ge=0, le=65535, description="TCP port; 0 takes a free one.")]


class ListenerSettings(Section, frozen=True, kw_only=True):
    """What both listeners share: an address, and what keeps strangers from reading along."""

    host: Annotated[
        str,
        Meta(min_length=1, description="Address to bind. Anything but loopback needs TLS here or a proxy in front."),
    ] = "127.0.0.1"
    port: Port
    public_url: Annotated[
        str,
        Meta(description="Address others use to reach this listener. Empty: made of host and port."),
    ] = ""
    behind_proxy: Annotated[
        bool, Meta(description="true: a proxy in front serves TLS, and nothing else can reach this port.")
    ] = False
    tls_cert: Annotated[str, Meta(description="PEM file with the certificate chain. Empty: no TLS here.")] = ""
    tls_key: Annotated[str, Meta(description="PEM file with the private key (chmod 600).")] = ""


class ServerSettings(ListenerSettings, frozen=True, kw_only=True):
    """The control listener (REST, consoles, assistants) and the broker's own files."""

    data_dir: Annotated[
        str,
        Meta(
            min_length=1,
            description="Folder for the database, the lock file and the media socket; created with mode 700. "
            "A relative path counts from the folder of the configuration file.",
        ),
    ] = "var"
    port: Port = 8080


class MediaSettings(ListenerSettings, frozen=True, kw_only=True):
    """The media listener (live audio), which runs in a process of its own."""

    port: Port = 8081


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """Where sessions are kept."""

    url: Annotated[
        str,
        Meta(
            description="Empty: SQLite in data_dir. Or postgresql://user@host:5432/name when brokers are several; "
            "give the password in password_file, or the whole address in OPERATOR_DATABASE_URL."
        ),
    ] = ""
    password_file: Annotated[str, Meta(description="File with the PostgreSQL password (chmod 600).")] = ""


class MetricsSettings(Section, frozen=True, kw_only=True):
    """Figures for Prometheus at GET /metrics; see docs/metrics.md."""

    access: Annotated[
        Literal["off", "loopback", "token"],
        Meta(
            description="Who may read: nobody; whoever asks from this machine, with no proxy in between; or whoever "
            "brings the token."
        ),
    ] = "loopback"
    token_file: Annotated[
        str, Meta(description='File with the token of access = "token", 16 characters or more (chmod 600).')
    ] = ""


class LogSettings(Section, frozen=True, kw_only=True):
    """What is written to standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least grave lines that are written.")
    ] = "info"
    format: Annotated[
        Literal["text", "json"], Meta(description="text: name=value for people. json: one object a line.")
    ] = "text"
    personal: Annotated[
        bool, Meta(description="true: also write customers' names, numbers and words. Only while hunting a fault.")
    ] = False
