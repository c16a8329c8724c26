"""Play whole days of a channel in virtual time: a world with one account on the platform in memory.

async with ChannelWorld() as desk:
    ada = desk.customer("ada")
    await ada.writes("Where is my parcel?")
    assert desk.platform.texts("ada") == []
"""

from itertools import count
from typing import Any

from server.broker.ports.channel_store import OutPart, PartState
from server.broker.ports.channels import Account, Incoming, Limits
from server.broker.ports.records import Conversation
from server.channels.memory import LIMITS, MemoryChannel, MemoryPlatform, incoming
from server.wire.channels import ChannelView
from server.wire.terms import Medium
from server.wire.views import MessageView
from tests.world import ORGANISATION, Customer, World

ACCOUNT = "mem"


class ChannelWorld(World):
    """A world whose customers write on a platform in memory, account `mem`."""

    def __init__(
        self,
        url: str = "sqlite://",
        *,
        limits: Limits = LIMITS,
        channel: Any = None,
        queue: str = "default",
        **rest: Any,
    ) -> None:
        self.platform = MemoryPlatform()
        self.channel = channel or MemoryChannel(self.platform, limits)
        self.account = Account(
            name=ACCOUNT,
            kind="memory",
            channel=self.channel,
            organisation_id=ORGANISATION,
            queue=queue,
            elsewhere_seconds=600.0,
        )
        super().__init__(url, channels={ACCOUNT: self.account}, **rest)
        self.numbers = count(1)

    async def brings(self, *events: dict[str, Any]) -> None:
        """Let the platform send these events in one request, and let them be taken."""
        await self.posts(incoming(*events))

    async def posts(self, request: Incoming) -> None:
        """Let the platform send a request."""
        await self.broker.channels.door.come_in(ACCOUNT, request)
        await self.settle()

    def customer(self, chat: str = "ada", name: str = "Ada Fields") -> "Writer":
        """Return somebody who writes on the platform."""
        return Writer(self, chat, name)

    async def conversation_of(self, chat: str) -> Conversation | None:
        """Return the open conversation of a chat."""
        return await self.database.read(lambda unit: unit.conversations.find_chat(ORGANISATION, ACCOUNT, chat))

    async def parts_of(self, message: MessageView) -> list[OutPart]:
        """Return the parts of a message."""
        return await self.database.read(lambda unit: list(unit.out_parts.of_message(ORGANISATION, message.id)))

    async def states(self) -> dict[PartState, int]:
        """Return how many parts are in each state."""
        return await self.database.read(lambda unit: dict(unit.out_parts.counts(ORGANISATION, ACCOUNT)))

    async def view(self) -> ChannelView:
        """Return how the account stands."""
        (view,) = await self.broker.channels.overview.all(ORGANISATION)
        return view


class Writer:
    """Somebody who writes on the platform; `here` is what tests of other channels call a customer."""

    def __init__(self, desk: ChannelWorld, chat: str, name: str) -> None:
        self.desk, self.chat, self.name = desk, chat, name
        self.sent = count(1)

    def event(self, kind: str = "message", **fields: Any) -> dict[str, Any]:
        """Return an event of this chat, of now."""
        number = next(self.desk.numbers)
        plain = {
            "type": kind,
            "id": f"e{number}",
            "chat": self.chat,
            "message_id": f"m{number}",
            "sender": {"ids": [f"id-{self.chat}"], "name": self.name},
            "at": self.desk.clock.now().isoformat(),
        }
        return plain | fields

    async def writes(self, text: str, **fields: Any) -> dict[str, Any]:
        """Write a message, and return its event."""
        event = self.event(text=text, **fields)
        await self.desk.brings(event)
        return event

    async def here(self) -> Customer:
        """Return the conversation as tests of handoffs know customers."""
        found = await self.desk.conversation_of(self.chat)
        assert found is not None, "nothing has arrived of this chat"
        return Customer(self.desk, found.id, Medium.CHAT)

    async def turns(self) -> list[MessageView]:
        """Return everything in the conversation."""
        return await (await self.here()).messages()

    async def texts(self) -> list[str]:
        """Return what everybody said, by author."""
        return [f"{turn.author}: {turn.text}" for turn in await self.turns()]
