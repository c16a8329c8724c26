"""What the contract suite needs of one adapter: `KIT` in a module beside this one, and it is proved on it.

    KIT = Kit(name="telegram", make=..., sign=..., message=..., fixtures=..., accepted=..., problems=...)

The suite speaks with the adapter through a `Wire` in place of the network: it sees every request, gives every answer.
Adapters without HTTP leave `accepted` and `problems` out.
"""

import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from server.broker.ports.channels import Channel, Incoming, Part, SendProblem
from server.channels.setup import Setup
from server.clock import ManualClock
from server.secret_files import SecretText
from tests.needs import Need, require

Answering = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]
"""What one request comes to."""


class Wire(httpx.AsyncBaseTransport):
    """The network of one test: `answers` in order, then `otherwise`; every request is kept."""

    def __init__(self, otherwise: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: deque[Answering] = deque()
        self.otherwise = otherwise or (lambda _request: httpx.Response(200, json={}))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = self.answers.popleft() if self.answers else self.otherwise
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One way in which the platform refuses, and what it must be taken for."""

    answer: httpx.Response
    means: SendProblem
    retry_after_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Kit:
    """One adapter with what its platform sends and answers.

    Attributes:
        name: Of the kind.
        make: Returns the adapter; `setup` has a clock, secrets and the wire.
        sign: Returns a request with this body as the platform would send it at that instant.
        message: Returns the body of one customer's message: `message(chat, number, text)`; numbers go up.
        fixtures: Bodies as the platform sends them, every kind.
        posts: The platform posts to us; else every post is refused.
        needs: Without these the adapter cannot run, and its tests are skipped by name.
        covers_body: The proof covers the body: a changed one is refused. Else only a secret is shown.
        covers_time: An old request is refused (else repeats are told by the events' keys alone).
        files: Customers' files can be read.
        batch: Returns one body of several messages' bodies, where the platform sends several at once.
        part: What `send` is tried with; its chat is one the platform could name.
        accepted: The answer to a part that was taken, and the id by which it is known then.
        problems: Refusals by name.
        api_base: What `make` configures; requests stay below it.
    """

    name: str
    make: Callable[[Setup], Channel]
    sign: Callable[[bytes, datetime], Incoming]
    message: Callable[[str, int, str], bytes]
    fixtures: Sequence[bytes]
    posts: bool = True
    needs: Sequence[Need] = ()
    covers_body: bool = True
    covers_time: bool = True
    files: bool = True
    batch: Callable[[Sequence[bytes]], bytes] | None = None
    part: Part = field(default_factory=lambda: Part(chat="42", key="k-1", text="Good morning"))
    accepted: tuple[Callable[[httpx.Request], httpx.Response], str] | None = None
    problems: dict[str, Problem] = field(default_factory=dict)
    api_base: str = "https://platform.example/api"


class Bench:
    """One adapter on a wire, with a clock that stands still."""

    def __init__(self, kit: Kit, secrets: dict[str, str] | None = None) -> None:
        require(*kit.needs)
        self.kit = kit
        self.clock = ManualClock()
        self.wire = Wire(kit.accepted[0] if kit.accepted else None)
        self.channel = kit.make(setup(self.clock, self.wire, secrets))

    def signed(self, body: bytes) -> Incoming:
        """Return a genuine request of now."""
        return self.kit.sign(body, self.clock.now())


def setup(clock: ManualClock, wire: Wire, secrets: dict[str, str] | None = None) -> Setup:
    """Return what an adapter is made of; a secret file is its own secret unless `secrets` names another."""
    known = secrets or {}
    return Setup(
        name="tried",
        clock=clock,
        address="https://desk.example/v1/channels/tried",
        read_secret=lambda file: SecretText(known.get(file, file)) if file else None,
        transport=wire,
    )


def body(value: Any) -> bytes:
    """Return JSON as most platforms send it."""
    return json.dumps(value).encode()
