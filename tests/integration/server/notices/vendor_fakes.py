"""A vendor's side of the wire: keeps requests, answers what it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx


@dataclass
class FakeVendor:
    """Answers each request with the next answer, and the last one for ever."""

    answers: list[httpx.Response | Exception] = field(default_factory=lambda: [httpx.Response(200, json={})])
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def way(self) -> Callable[[], httpx.AsyncBaseTransport | None]:
        return self.transport


def form_of(request: httpx.Request) -> dict[str, str]:
    return dict(httpx.QueryParams(request.content.decode()))
