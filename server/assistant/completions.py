"""Ask any endpoint that speaks OpenAI's chat completions one question, and read its answer strictly.

Whatever else comes back is an `AssistantError` with a code: a hang, a login page, a refusal, half an answer.

Source: the OpenAPI document of the OpenAI API, `POST /chat/completions`, with function tools.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import httpx
import msgspec

from server.broker.ports.assistants import AssistantError
from server.secret_files import SecretText
from server.wire.version import USER_AGENT

MOST_BYTES: Final = 512 * 1024
"""A longer answer is given up."""
CONNECT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatEndpoint:
    """Where a model is asked.

    Attributes:
        url: Up to the version: `https://host/v1`.
        model: The model's name.
        key: Sent as a bearer token; None sends none.
        timeout_seconds: From the question to the whole answer.
    """

    url: str
    model: str
    key: SecretText | None = None
    timeout_seconds: float = 20.0


class Function(msgspec.Struct, frozen=True):
    """Which function a model calls; its arguments are JSON in a text, as the model wrote it."""

    name: str = ""
    arguments: str = ""


class ToolCall(msgspec.Struct, frozen=True):
    """One call of a function."""

    id: str = ""
    function: Function = Function()


class ChatMessage(msgspec.Struct, frozen=True):
    """What a model said."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None


class _Choice(msgspec.Struct, frozen=True):
    message: ChatMessage
    finish_reason: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """How many tokens a question and its answer took."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Completion(msgspec.Struct, frozen=True):
    """What is read of a chat completion (OpenAI API reference, "The chat completion object")."""

    choices: tuple[_Choice, ...]
    usage: Usage | None = None

    @property
    def message(self) -> ChatMessage:
        """What the model said, whole.

        Raises:
            AssistantError: `model_empty`, `model_refused`, `model_cut_short`.
        """
        if not self.choices:
            raise AssistantError("model_empty", "The model answered nothing.")
        choice = self.choices[0]
        if choice.message.refusal or choice.finish_reason == "content_filter":
            raise AssistantError("model_refused", "The model refused to answer.")
        if choice.finish_reason == "length":
            raise AssistantError("model_cut_short", "The model's answer was cut short; raise most_tokens.")
        return choice.message


class Completions:
    """The way to one endpoint."""

    def __init__(self, endpoint: ChatEndpoint, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Take the endpoint; the connection is opened with the first question."""
        self.endpoint: Final = endpoint
        self._transport: Final = transport
        self._client: httpx.AsyncClient | None = None

    async def ask(self, body: dict[str, object]) -> Completion:
        """Ask one question and return the whole answer.

        Raises:
            AssistantError: `model_timeout`, `model_unreachable`, `model_rate_limited`, `model_key_refused`,
                `model_request_refused`, `model_failed`, `model_too_long`, `model_not_json`, `model_bad_shape`.
        """
        content = msgspec.json.encode({"model": self.endpoint.model, **body})
        try:
            async with asyncio.timeout(self.endpoint.timeout_seconds):
                answer = await self._post(content)
        except (TimeoutError, httpx.TimeoutException) as error:
            seconds = self.endpoint.timeout_seconds
            raise AssistantError("model_timeout", f"The model did not answer within {seconds:g} s.") from error
        except httpx.HTTPError as error:
            raise AssistantError("model_unreachable", f"No answer came ({type(error).__name__}).") from error
        try:
            return msgspec.json.decode(answer, type=Completion)
        except msgspec.ValidationError as error:
            raise AssistantError("model_bad_shape", "The answer is not a chat completion.") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AssistantError("model_not_json", "The answer is not JSON: is it a login page?") from error

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, content: bytes) -> bytes:
        if self._client is None:
            timeout = httpx.Timeout(self.endpoint.timeout_seconds, connect=CONNECT_SECONDS)
            self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, transport=self._transport)
        headers = {"content-type": "application/json", "user-agent": USER_AGENT}
        if self.endpoint.key is not None:
            headers["authorization"] = f"Bearer {self.endpoint.key.reveal()}"
        address = f"{self.endpoint.url.rstrip('/')}/chat/completions"
        async with self._client.stream("POST", address, content=content, headers=headers) as response:
            if response.status_code != 200:
                raise _refused(response)
            pieces = bytearray()
            async for piece in response.aiter_bytes():
                pieces += piece
                if len(pieces) > MOST_BYTES:
                    raise AssistantError("model_too_long", f"The answer is longer than {MOST_BYTES // 1024} KiB.")
            return bytes(pieces)


def _refused(response: httpx.Response) -> AssistantError:
    status = response.status_code
    match status:
        case 429:
            said = response.headers.get("retry-after", "")
            seconds = float(said) if said.isdecimal() else None
            return AssistantError("model_rate_limited", "The endpoint asks to go slower.", retry_after_seconds=seconds)
        case 401 | 403:
            return AssistantError("model_key_refused", "The endpoint does not take the key.", lasting=True)
        case _ if status >= 500:
            return AssistantError("model_failed", f"The endpoint answered {status}.")
        case _:
            return AssistantError("model_request_refused", f"The endpoint answered {status}.", lasting=True)
