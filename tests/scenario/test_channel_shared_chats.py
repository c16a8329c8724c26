"""Several people in one chat stay several people; a key is trusted no longer than the platform knows it."""

import msgspec
import pytest

from server.broker.ports.channel_store import PartState
from server.broker.ports.channels import SendError, SendProblem
from server.channels.memory import LIMITS
from server.wire.terms import Author, Delivery
from tests.channel_world import ChannelWorld

pytestmark = pytest.mark.scenario


def bob(event: dict[str, object]) -> dict[str, object]:
    return event | {"sender": {"ids": ["id-bob"], "name": "Bob Brown"}}


async def test_people_who_write_in_one_thread_are_not_taken_for_one_person() -> None:
    async with ChannelWorld() as desk:
        ada = desk.customer("thread")
        await ada.writes("Where is my parcel?", shared=True)
        await desk.brings(bob(ada.event(text="Mine is late too.", shared=True)))
        said = [(turn.author_name, turn.text) for turn in await ada.turns() if turn.author is Author.CUSTOMER]
        assert said == [("Ada Fields", "Where is my parcel?"), ("Bob Brown", "Mine is late too.")]
        first = await desk.conversation_of("thread")
        await desk.brings(bob(desk.customer("bob alone").event(text="And here?")))
        alone = await desk.conversation_of("bob alone")
        assert first is not None
        assert alone is not None
        assert first.contact_id != alone.contact_id


async def test_in_a_chat_of_ones_own_new_ids_are_learned() -> None:
    async with ChannelWorld() as desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        await desk.brings(ada.event(text="Again") | {"sender": {"ids": ["id-ada", "id-new"], "name": "Ada Fields"}})
        first = await desk.conversation_of("ada")
        await desk.brings(desk.customer("other").event(text="x") | {"sender": {"ids": ["id-new"], "name": "Ada"}})
        other = await desk.conversation_of("other")
        assert first is not None
        assert other is not None
        assert first.contact_id == other.contact_id


@pytest.mark.parametrize(
    ("keyed_seconds", "attempts", "state", "delivery"),
    [(None, 4, PartState.SENT, Delivery.SENT), (2.5, 2, PartState.UNKNOWN, Delivery.UNKNOWN)],
)
async def test_a_part_of_unknown_outcome_is_sent_again_only_while_its_key_is_known(
    keyed_seconds: float | None, attempts: int, state: PartState, delivery: Delivery
) -> None:
    async with ChannelWorld(limits=msgspec.structs.replace(LIMITS, keyed=True, keyed_seconds=keyed_seconds)) as desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        lost = SendError(SendProblem.UNKNOWN_OUTCOME, "No whole answer came.")
        desk.platform.faults.extend([lost, lost, lost])
        message = await chat.assistant_says("Good morning")
        for _ in range(30):
            await desk.clock.advance(1)
            await desk.settle()
        (part,) = await desk.parts_of(message)
        assert (len(desk.platform.attempts), part.state) == (attempts, state)
        assert desk.platform.texts("ada") == ["Good morning"]
        assert [turn.delivery for turn in await ada.turns() if turn.id == message.id] == [delivery]
