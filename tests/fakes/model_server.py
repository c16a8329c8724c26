"""A local endpoint that speaks OpenAI's chat completions, and misbehaves when told to.

Written from the OpenAPI document of the API (`POST /chat/completions`): it refuses requests that the real one would
refuse, and answers with the same objects. The real client library reads its answers.
"""

import asyncio
import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

KEY: Final = "sk-test"
GOOD: Final = {
    "summary": "They were charged 64.90 twice.",
    "next_actions": [{"label": "Refund", "say": "I refund it."}],
}


@dataclass
class ModelServer:
    """Answers `content` as the assistant's message, or as `way` says: hang, html, prose, status, cut."""

    content: str = json.dumps(GOOD)
    key: str = KEY
    way: str = "answer"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    message: dict[str, Any] = field(default_factory=dict)
    finish_reason: str = "stop"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._open: set[asyncio.StreamWriter] = set()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        writers = tuple(self._open)
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) != b"":
                lines = head.decode().split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                await self._answer(writer, lines[0], headers, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, line: str, headers: dict[str, str], body: bytes) -> None:
        if self.way == "hang":
            await asyncio.Event().wait()
        problem = _problem(line, headers, body, self.key)
        if problem:
            self.refusals.append(problem)
            await self._send(writer, 400, {"error": {"message": problem, "type": "invalid_request_error"}})
            return
        self.requests.append(json.loads(body))
        if self.way == "html":
            await self._send(writer, 200, "<html><body>Welcome to the portal</body></html>", "text/html")
        elif self.status != 200:
            await self._send(writer, self.status, {"error": {"message": "no", "type": "error", "code": None}})
        else:
            await self._send(writer, 200, self._completion())

    def _completion(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.content, "refusal": None, **self.message}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": self.requests[-1]["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000},
        }

    async def _send(self, writer: asyncio.StreamWriter, status: int, body: Any, kind: str = "application/json") -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        own = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(data)}\r\n{own}\r\n"
        writer.write(head.encode() + data)
        await writer.drain()


def calls(name: str, arguments: str) -> dict[str, Any]:
    """Return the message of a model that calls a function."""
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"content": None, "tool_calls": [call]}


def _problem(line: str, headers: dict[str, str], body: bytes, key: str) -> str:
    """Say what the real endpoint would refuse about a request."""
    if not line.startswith("POST /v1/chat/completions "):
        return f"no such endpoint: {line}"
    if key and headers.get("authorization") != f"Bearer {key}":
        return "the key is missing"
    if not headers.get("content-type", "").startswith("application/json"):
        return "the content type is not JSON"
    asked = json.loads(body)
    if not isinstance(asked.get("model"), str) or not asked.get("messages"):
        return "model and messages are required"
    if any(message["role"] not in {"system", "developer", "user", "assistant"} for message in asked["messages"]):
        return "a role is unknown"
    if any(not isinstance(message.get("content"), str) for message in asked["messages"]):
        return "content is a text"
    for tool in asked.get("tools", []):
        function = tool.get("function", {})
        if tool.get("type") != "function" or not function.get("name") or function["parameters"]["type"] != "object":
            return "a tool is a function with a name and the schema of an object"
        if not set(function["parameters"]["required"]) <= set(function["parameters"]["properties"]):
            return "a required property is not there"
    schema = asked.get("response_format", {}).get("json_schema", {})
    return (
        "" if not schema or _strict(schema) else "a strict schema lists all properties as required and allows no others"
    )


def _strict(schema: dict[str, Any]) -> bool:
    """Tell whether a schema keeps the rules of strict structured outputs."""
    if not schema.get("name") or "schema" not in schema:
        return False

    def fits(node: dict[str, Any]) -> bool:
        if node.get("type") == "array":
            return fits(node["items"])
        if node.get("type") != "object":
            return True
        closed = node.get("additionalProperties") is False
        return (
            closed and set(node["required"]) == set(node["properties"]) and all(map(fits, node["properties"].values()))
        )

    return fits(schema["schema"])
