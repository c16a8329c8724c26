"""Ask a language model for better words on the card, over any endpoint that speaks OpenAI's chat completions.

One question, one answer, within a few seconds: whatever else happens is a status with a reason, and the built-in card
that is on screen already stands. Nothing the model says decides anything. Money and time spent are counted.

Source: the OpenAPI document of the OpenAI API, `POST /chat/completions`, with `response_format` `json_schema`.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

import httpx
import msgspec

from server.clock import Clock
from server.log import get_log
from server.secret_files import SecretText
from server.understanding.card import ModelCard
from server.understanding.facts import Said
from server.understanding.llm_answer import SCHEMA, AnswerError, Usage, card_of, completion_of
from server.wire.terms import Source
from server.wire.views import Fact

MOST_BYTES: Final = 256 * 1024
"""A longer answer is given up."""
MOST_TURNS: Final = 60
MOST_CHARACTERS: Final = 12_000
"""Of the transcript, the newest turns that fit are sent."""
MOST_TOKENS: Final = 500
FAILURES_BEFORE_PAUSE: Final = 5
PAUSE_SECONDS: Final = 30.0
LONGEST_PAUSE_SECONDS: Final = 300.0
_MILLION: Final = 1_000_000
_log = get_log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model is asked, and on what terms.

    Attributes:
        url: Up to the version: `https://host/v1`.
        name: Of the model.
        key: Sent as a bearer token; None sends none.
        timeout_seconds: From the question to the whole answer.
        prompt: The instructions.
        cost_in: Of a million tokens of the question.
        cost_out: Of a million tokens of the answer.
    """

    url: str
    name: str
    prompt: str
    key: SecretText | None = None
    timeout_seconds: float = 3.0
    cost_in: float = 0.0
    cost_out: float = 0.0


@dataclass(slots=True)
class Spent:
    """What has been asked and spent since the start."""

    asked: int = 0
    statuses: Counter[str] = field(default_factory=Counter[str])
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    seconds: float = 0.0


class Llm:
    """A model behind an endpoint."""

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        """Take the endpoint; the connection is opened with the first question."""
        self._endpoint: Final = endpoint
        self._clock: Final = clock
        self._client: httpx.AsyncClient | None = None
        self._failures = 0
        self._paused_until = 0.0
        self._paused_status = ""
        self.spent: Final = Spent()

    async def card(self, turns: Sequence[Said], facts: Sequence[Fact]) -> ModelCard:
        """Return what the model makes of the conversation; never raises for what goes wrong outside."""
        began = self._clock.monotonic()
        if began < self._paused_until:
            self.spent.statuses[self._paused_status] += 1
            return ModelCard(self._paused_status)
        self.spent.asked += 1
        status, card = await self._asked(question(self._endpoint, turns, facts))
        seconds = self._clock.monotonic() - began
        self.spent.seconds += seconds
        self.spent.statuses[status] += 1
        self._note(status)
        _log.info("model_asked", status=status, ms=round(1000 * seconds), cost=round(self.spent.cost, 6))
        return card or ModelCard(status)

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _asked(self, body: bytes) -> tuple[str, ModelCard | None]:
        """Return a status, and the card when the status is ok."""
        try:
            async with asyncio.timeout(self._endpoint.timeout_seconds):
                answer = await self._post(body)
            completion = completion_of(answer)
            self._count(completion.usage)
            return "ok", card_of(completion)
        except TimeoutError:
            return "model_timeout", None
        except httpx.TimeoutException:
            return "model_timeout", None
        except httpx.HTTPError:
            return "model_unreachable", None
        except AnswerError as error:
            return str(error), None

    async def _post(self, body: bytes) -> bytes:
        """Return the body of a good answer, at most MOST_BYTES.

        Raises:
            AnswerError: The status is not 200, or the answer is too long.
            httpx.HTTPError: The endpoint cannot be reached.
        """
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._endpoint.timeout_seconds, follow_redirects=False)
        headers = {"content-type": "application/json"}
        if self._endpoint.key is not None:
            headers["authorization"] = f"Bearer {self._endpoint.key.reveal()}"
        address = f"{self._endpoint.url.rstrip('/')}/chat/completions"
        async with self._client.stream("POST", address, content=body, headers=headers) as response:
            if response.status_code != 200:
                self._pause_for(response)
                raise AnswerError(_status_of(response.status_code))
            pieces: list[bytes] = []
            async for piece in response.aiter_bytes():
                pieces.append(piece)
                if sum(map(len, pieces)) > MOST_BYTES:
                    raise AnswerError("model_too_long")
            return b"".join(pieces)

    def _pause_for(self, response: httpx.Response) -> None:
        """Ask nothing for as long as the endpoint says that it wants to be left alone."""
        if response.status_code != 429:
            return
        wait = response.headers.get("retry-after", "")
        seconds = min(float(wait), LONGEST_PAUSE_SECONDS) if wait.isdecimal() else 1.0
        self._pause("model_rate_limited", seconds)

    def _note(self, status: str) -> None:
        """Count failures in a row, and pause after many."""
        self._failures = 0 if status == "ok" else self._failures + 1
        if self._failures >= FAILURES_BEFORE_PAUSE:
            self._failures = 0
            self._pause("model_paused", PAUSE_SECONDS)

    def _pause(self, status: str, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)
        self._paused_status = status

    def _count(self, usage: Usage | None) -> None:
        if usage is None:
            return
        self.spent.tokens_in += usage.prompt_tokens
        self.spent.tokens_out += usage.completion_tokens
        cost = usage.prompt_tokens * self._endpoint.cost_in + usage.completion_tokens * self._endpoint.cost_out
        self.spent.cost += cost / _MILLION


def shipped_prompt() -> str:
    """Return the instructions that ship."""
    return (files("server.understanding.rules") / "card_prompt.md").read_text(encoding="utf-8")


def question(endpoint: Endpoint, turns: Sequence[Said], facts: Sequence[Fact]) -> bytes:
    """Return the body of the request: instructions apart from the data, which is one JSON document."""
    kept: list[dict[str, object]] = []
    room = MOST_CHARACTERS
    for said in reversed(turns[-MOST_TURNS:]):
        room -= len(said.text)
        if room < 0:
            break
        kept.append({"turn": said.turn, "who": "customer" if said.customer else "assistant", "text": said.text})
    known = [{"name": fact.name, "value": fact.value} for fact in facts if fact.source is not Source.MODEL]
    data = msgspec.json.encode({"transcript": kept[::-1], "facts": known}).decode()
    return msgspec.json.encode(
        {
            "model": endpoint.name,
            "messages": [{"role": "system", "content": endpoint.prompt}, {"role": "user", "content": data}],
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "card", "strict": True, "schema": SCHEMA},
            },
        }
    )


def _status_of(code: int) -> str:
    match code:
        case 429:
            return "model_rate_limited"
        case 401 | 403:
            return "model_key_refused"
        case _ if code >= 500:
            return "model_failed"
        case _:
            return "model_request_refused"
