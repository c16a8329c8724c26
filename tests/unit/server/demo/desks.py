"""A desk for tests that answers REST requests from a script and remembers them."""

from collections.abc import Callable

import httpx
import msgspec

from server.clock import ManualClock
from server.demo.content import load_content
from server.demo.feed import AssistantFeed
from server.demo.findings import Findings
from server.demo.rest import DeskRest
from server.demo.stage import Pace, Stage
from server.demo.twilio_leg import Carrier

Answer = Callable[[httpx.Request], httpx.Response]


class ScriptedDesk:
    """Answers with `answer`; `asked` are the requests so far."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[httpx.Request] = []
        self.clock = ManualClock()
        self.rest = DeskRest("http://desk", "ak_test", self.clock, httpx.MockTransport(self._handle))

    def stage(self) -> Stage:
        return Stage(
            rest=self.rest,
            feed=AssistantFeed("ws://desk", "ak_test", self.clock),
            pace=Pace(self.clock),
            shared=load_content().shared,
            carrier=Carrier(account_sid=""),
            tell=lambda _: None,
            findings=Findings(),
        )

    def bodies(self) -> list[dict[str, object]]:
        return [msgspec.json.decode(request.content, type=dict[str, object]) for request in self.asked]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer(request)


def json(value: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=msgspec.json.encode(value))
