"""Let people look back: search, contacts, follow-ups, and what is configured of queues."""

from collections.abc import Sequence
from typing import Annotated, Literal

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from server.api.auth import require
from server.api.conversations import BrokerDependency, PrincipalDependency
from server.core.permissions import Action
from server.core.search import LONGEST_QUERY
from server.wire.history import ContactPage, ContactView, QueueView, SearchPage
from server.wire.terms import ContactId
from server.wire.views import Page


class LookingBack(Controller):
    """What was, in all conversations of the organisation."""

    path = "/v1"
    tags = ("history",)

    @get("/search", summary="Find turns by their words")
    async def search(  # noqa: PLR0917 - each is a parameter of the query
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        q: Annotated[
            str,
            QueryParameter(
                max_length=LONGEST_QUERY,
                description='All words must be there; "a phrase", begin* and -without. Other signs count as spaces.',
            ),
        ],
        sort: Annotated[
            Literal["relevance", "newest"], QueryParameter(description="What fits best first, or what is newest.")
        ] = "relevance",
        after: Annotated[str, QueryParameter(max_length=100, description="`next_after` of the last page.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    ) -> SearchPage:
        """Return turns of customers, assistants and operators, and internal notes, with a snippet of each."""
        require(principal, Action.VIEW)
        return await broker.past.search(principal, q, newest=sort == "newest", after=after, limit=limit)

    @get("/follow-ups", summary="What is still to be done")
    async def follow_ups(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        after: Annotated[str, QueryParameter(max_length=100, description="`next_before` of the last page.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 100,
    ) -> Page:
        """Return ended sessions whose follow-up is not done, the one due first at the top."""
        require(principal, Action.VIEW)
        return await broker.past.follow_ups(principal, after, limit)

    @get("/contacts", summary="Look a contact up")
    async def contacts(
        self,
        broker: BrokerDependency,
        principal: PrincipalDependency,
        q: Annotated[
            str,
            QueryParameter(
                min_length=1,
                max_length=200,
                description="A number, a mail address, channel:handle, your own id, or how a name begins.",
            ),
        ],
    ) -> Sequence[ContactView]:
        """Return the contacts that are meant, at most 50."""
        require(principal, Action.VIEW)
        return await broker.past.look_up(principal, q)

    @get("/contacts/{contact_id:str}", summary="One contact's page")
    async def contact(
        self, broker: BrokerDependency, principal: PrincipalDependency, contact_id: FromPath[str]
    ) -> ContactPage:
        """Return every conversation, handoff, note, follow-up and ticket of a contact."""
        require(principal, Action.VIEW)
        return await broker.past.contact(principal, ContactId(contact_id))

    @get("/queues", summary="What is configured of queues")
    async def queues(self, broker: BrokerDependency, principal: PrincipalDependency) -> Sequence[QueueView]:
        """Return the configured queues by name, with their dispositions."""
        require(principal, Action.VIEW)
        return tuple(queue for _, queue in sorted(broker.parts.queues.items()))
