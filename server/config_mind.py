"""Say how conversations are understood and what follows: the sections [understanding], [triggers] and [speech]."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section


class UnderstandingSettings(Section, frozen=True, kw_only=True):
    """What looks at conversations: offline, in a process of its own."""

    enabled: Annotated[bool, Meta(description="false: nothing looks at conversations, and no process is started.")] = (
        True
    )
    model: Annotated[
        bool,
        Meta(
            description="true: use MiniLM when the extra `intelligence` is installed. "
            "false: rules and small models alone."
        ),
    ] = True
    model_path: Annotated[
        str,
        Meta(description="File of the model, whose hash is checked. Empty: the one of the installed extra."),
    ] = ""
    guard: Annotated[
        Literal["off", "observe", "enforce"],
        Meta(
            description="off: wishes for a person are not judged. observe: the card shows the verdict. "
            "enforce: a request made because the customer asked, who did not, is declined with the reason."
        ),
    ] = "observe"
    decline_below_percent: Annotated[
        int, Meta(ge=0, le=100, description="enforce declines when the guard is less sure of the wish than this.")
    ] = 30
    mood: Annotated[
        Literal["live", "assistant"],
        Meta(description="live: the card's mood follows every turn. assistant: what the assistant sent stands."),
    ] = "live"


class TriggersSettings(Section, frozen=True, kw_only=True):
    """When a conversation needs a person."""

    act: Annotated[
        Literal["show", "request"],
        Meta(
            description="show: what fires is shown on the card of a session. request: it also requests the handoff by "
            "itself, while the assistant has the conversation."
        ),
    ] = "show"
    file: Annotated[
        str,
        Meta(
            description="TOML file with thresholds, topics and rules; docs/understanding.md has one. Empty: defaults."
        ),
    ] = ""
    queue: Annotated[
        str,
        Meta(
            pattern="^[a-z0-9][a-z0-9_-]{0,63}$",
            description="Queue of a request that no trigger sends elsewhere.",
        ),
    ] = "default"
    priority: Annotated[int, Meta(ge=0, le=9, description="Priority of such a request.")] = 5


class SpeechSettings(Section, frozen=True, kw_only=True):
    """Live transcripts of calls: what caller and operator say to each other, as turns beside the card."""

    engine: Annotated[
        Literal["off", "local", "endpoint"],
        Meta(
            description="off: nothing is transcribed. local: Whisper on this machine, with the extra `speech`. "
            "endpoint: a service that speaks OpenAI's transcriptions; the extra finds where somebody speaks."
        ),
    ] = "off"
    model_path: Annotated[
        str,
        Meta(
            description="local: folder with other weights of Whisper for CTranslate2 (model.bin, config.json, "
            "tokenizer.json). Empty: tiny.en of the installed extra, whose hash is checked."
        ),
    ] = ""
    url: Annotated[
        str, Meta(description="endpoint: its address up to its version, https://host/v1. Sound is sent there.")
    ] = ""
    name: Annotated[str, Meta(max_length=200, description="endpoint: which of its models.")] = ""
    key_file: Annotated[str, Meta(description="endpoint: file with its key (chmod 600). Empty: none is sent.")] = ""
    language: Annotated[str, Meta(pattern="^[a-z]{2}$", description="What is spoken, as ISO 639-1.")] = "en"
    timeout_seconds: Annotated[
        float, Meta(ge=1, le=60, description="endpoint: longer answers are given up, with a note in the transcript.")
    ] = 10.0
