"""Measure how soon the card is whole: from the assistant's request to the completed card at a console's socket.

A real broker as a process of its own; each trial is a chat of many turns whose assistant says nothing in its package.
Beside it stands when the session itself is there, which never waits for the card.
"""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from server.bench.figures import Figures, figures
from server.bench.process import Running, running_broker
from server.clock import Clock, SystemClock
from server.demo.console_link import ConsoleLink
from server.demo.rest import DeskRest
from server.tasks import spawn
from server.wire.requests import NewConversation, NewHandoff, NewMessage
from server.wire.terms import Author, Medium

SEEN_SECONDS: Final = 30.0
OPENING: Final = "Hi, I was charged {pounds}.90 twice for order {order}, and it never arrived."
EXCHANGES: Final = (
    (
        "I am sorry to hear that. Could you tell me your account number?",
        "It's four four seven one {digit} two oh eight.",
    ),
    (
        "Thank you. I have checked both payments, the second one is settled.",
        "I already called my bank on 3 June about it.",
    ),
    ("Would you like a refund or a replacement?", "I'd rather have my money back than a replacement."),
    (
        "Refunds above 50 pounds need a colleague of mine.",
        "That is not good enough, I have been waiting for {digit} weeks.",
    ),
)


class CardReport(msgspec.Struct, frozen=True):
    """What `bench card` prints."""

    trials: int
    turns: int
    session_shown: Figures
    card_shown: Figures


async def bench_card(trials: int, turns: int, progress: Callable[[int], None]) -> CardReport:
    """Return the figures of `trials` handoffs of chats with `turns` turns; `progress` is told after each.

    Raises:
        ProviderError: the broker does not start.
        TimeoutError: a card was not completed within 30 s.
    """
    clock = SystemClock()
    shown: list[float] = []
    whole: list[float] = []
    async with running_broker('[desk]\nrouting = "pull"\n') as broker, _console(broker, clock) as link:
        rest = DeskRest(broker.url, broker.key, clock)
        try:
            for trial in range(trials):
                times = await _trial(rest, link, clock, trial, turns)
                shown.append(times[0])
                whole.append(times[1])
                progress(trial + 1)
        finally:
            await rest.close()
    return CardReport(trials=trials, turns=turns, session_shown=figures(shown), card_shown=figures(whole))


@asynccontextmanager
async def _console(broker: Running, clock: Clock) -> AsyncGenerator[ConsoleLink]:
    link = await ConsoleLink.open(broker.socket_url, broker.operator, clock)
    receiving = spawn("bench_console", link.run())
    try:
        yield link
    finally:
        receiving.cancel()
        await link.close()


async def _trial(rest: DeskRest, link: ConsoleLink, clock: Clock, trial: int, turns: int) -> tuple[float, float]:
    """Play one chat and return when its session, and its whole card, were at the console."""
    chat = await rest.start_conversation(NewConversation(medium=Medium.CHAT, customer_name="Customer"))
    for author, text in spoken(trial, turns):
        await rest.add_message(chat.id, NewMessage(author=author, text=text))
    began = clock.monotonic()
    asked = spawn("bench_request", rest.request_handoff(chat.id, NewHandoff(reason="bench"), secrets.token_hex(8)))

    def there() -> bool:
        return any(view.conversation_id == chat.id for view in link.sessions.values())

    def whole() -> bool:
        return any(view.conversation_id == chat.id and view.context.summary for view in link.sessions.values())

    times: list[float] = []
    for seen in (there, whole):
        if not await link.until(seen, SEEN_SECONDS):
            raise TimeoutError("A card was not completed in time.")
        times.append(clock.monotonic() - began)
    await asked
    await rest.end_conversation(chat.id, "bench")
    return times[0], times[1]


def spoken(trial: int, turns: int) -> list[tuple[Author, str]]:
    """Return the turns of one trial; no two trials say the same, so that nothing is known beforehand."""
    numbers = {"pounds": 20 + trial % 70, "order": 10_238_843 + trial, "digit": 1 + trial % 9}
    said = [(Author.CUSTOMER, OPENING.format(**numbers))]
    for count in range(turns - 1):
        pair = EXCHANGES[(count // 2) % len(EXCHANGES)]
        author = Author.CUSTOMER if count % 2 else Author.ASSISTANT
        said.append((author, f"{pair[count % 2].format(**numbers)} ({trial}-{count})"))
    return said
