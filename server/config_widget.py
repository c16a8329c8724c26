"""Say what the configuration tells about the widget on web pages."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section
from server.wire.requests import QueueName


class WidgetSettings(Section, frozen=True, kw_only=True):
    """The widget: a chat (and calls) on your own web pages, from one script tag."""

    enabled: Annotated[bool, Meta(description="true: the broker serves /widget.js and takes what pages send.")] = False
    origins: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...],
        Meta(
            max_length=100,
            description="Sites whose pages may carry it, for example https://shop.example.com. "
            "The broker's own pages always may.",
        ),
    ] = ()
    organisation: Annotated[
        str,
        Meta(
            pattern="^([a-z0-9][a-z0-9_-]{0,39})?$",
            description="Whose desk its visitors reach; see docs/organisations.md. Empty: the default organisation's.",
        ),
    ] = ""
    assistant: Annotated[
        str,
        Meta(
            max_length=60, description="Name of the assistant's key that owns its conversations. Empty: the only key."
        ),
    ] = ""
    first: Annotated[
        Literal["assistant", "person"],
        Meta(description="Who answers the first word: the assistant; or a person, who is called at once."),
    ] = "assistant"
    queue: Annotated[QueueName, Meta(description="Where visitors wait who want a person.")] = "default"
    calls: Annotated[
        Literal["off", "queue", "assistant"],
        Meta(
            description="Whether visitors can call. queue: calls wait for a person at once. "
            "assistant: your platform's audio may take them; without it they go to the queue."
        ),
    ] = "off"
    identity_secret_file: Annotated[
        str,
        Meta(
            description="File with the secret (chmod 600, 32 characters or more) by which your site signs who its "
            "visitors are. Empty: all are strangers."
        ),
    ] = ""
    title: Annotated[str, Meta(max_length=60, description="What stands above the chat. Empty: in its language.")] = ""
    greeting: Annotated[
        str, Meta(max_length=300, description="The first line of an empty chat. Empty: in its language.")
    ] = ""
    keep_days: Annotated[
        int, Meta(ge=1, le=3650, description="A browser that did not come for so many days is forgotten.")
    ] = 30
    demo: Annotated[
        bool, Meta(description="true: the broker shows a page with the widget at /widget/demo, to try it.")
    ] = False
