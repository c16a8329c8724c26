"""Say in which systems tickets are kept: the sections [tickets.NAME]."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section


class TicketSettings(Section, frozen=True, kw_only=True):
    """One system that keeps tickets: a section `[tickets.NAME]` each; queues name it in `ticket`."""

    kind: Annotated[
        Literal["zendesk", "jira", "servicenow", "webhook"],
        Meta(description="Whose system it is; webhook: any other, by a signed POST that it answers with its ticket."),
    ] = "webhook"
    api_base: Annotated[
        str,
        Meta(
            description="Its address: https://NAME.zendesk.com, https://NAME.atlassian.net, "
            "https://NAME.service-now.com; webhook: the address that is posted to."
        ),
    ] = ""
    user: Annotated[
        str,
        Meta(description="Who we are there: an e-mail address, or a user's name. Empty: the secret is an OAuth token."),
    ] = ""
    secret_file: Annotated[
        str,
        Meta(description="File with the API token or password (chmod 600); webhook: with whsec_ and base64."),
    ] = ""
    allow_private: Annotated[
        bool, Meta(description="Webhook: true lets it be http, or an address of this machine or of your own network.")
    ] = False
    project: Annotated[str, Meta(pattern="^([A-Z][A-Z0-9_]{1,19})?$", description="Jira: the key of the project.")] = ""
    issue_type: Annotated[str, Meta(min_length=1, max_length=60, description="Jira: the type of its issues.")] = "Task"
    table: Annotated[
        str, Meta(pattern="^[a-z][a-z0-9_]{0,79}$", description="ServiceNow: the table that tickets are rows of.")
    ] = "incident"
    reopen_days: Annotated[
        int,
        Meta(ge=0, le=365, description="A contact who comes again within so many days gets the same ticket; 0: never."),
    ] = 14
    solve: Annotated[
        bool, Meta(description="true: a ticket is solved when its handoff is resolved and nothing is left to do.")
    ] = False
    link: Annotated[
        str,
        Meta(description="Address of a handoff for people, with {number} or {session_id}; stands in the ticket."),
    ] = ""
