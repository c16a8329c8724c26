"""Speak with the desk over REST and its event stream: what an AI platform needs of it, in one small class.

Needs aiohttp, which Pipecat and LiveKit bring along. docs/protocol.md has all calls.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp


class Desk:
    """The desk as one assistant sees it."""

    def __init__(self, url: str, key: str) -> None:
        """Speak to the broker at `url` with a key of `operator-server keys add`."""
        self._session = aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {key}"})

    async def close(self) -> None:
        """Let go of the connection."""
        await self._session.close()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Give out what happens to our conversations from now on."""
        async with self._session.ws_connect("/v1/assistant/events", heartbeat=20) as socket:
            print("listening for calls", flush=True)
            async for message in socket:
                yield json.loads(message.data)

    async def leg(self, conversation_id: str) -> tuple[str, str]:
        """Return address and one-time token of the assistant's own audio in a call."""
        body = {"role": "assistant", "transport": "stream"}
        grant = await self._post(f"/v1/conversations/{conversation_id}/legs", body)
        return grant["url"], grant["token"]

    async def said(self, conversation_id: str, author: str, text: str) -> None:
        """Write down a turn: `author` is customer or assistant."""
        await self._post(f"/v1/conversations/{conversation_id}/messages", {"author": author, "text": text})

    async def ask_for_person(self, conversation_id: str, reason: str, summary: str) -> str:
        """Ask for a person, and return the number of the handoff; asked twice it is one request."""
        body = {"reason": reason, "context": {"summary": summary}}
        made = await self._post(
            f"/v1/conversations/{conversation_id}/handoffs", body, {"Idempotency-Key": f"{conversation_id}-person"}
        )
        return made["number"]

    async def _post(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
        async with self._session.post(path, json=body, headers=headers) as answer:
            told = await answer.json()
            if answer.status >= 400:
                raise RuntimeError(f"{told['message']} {told['hint']}")
            return told


def is_new_call(event: dict[str, Any]) -> bool:
    """Tell whether an event is about a call whose caller is there and that nobody speaks with yet."""
    conversation = event.get("conversation") or {}
    return (
        event["type"] == "conversation.changed"
        and conversation.get("medium") == "voice"
        and conversation.get("owner", "assistant") == "assistant"
        and conversation.get("caller_connected", False)
        and not conversation.get("assistant_connected", False)
        and not conversation.get("ended_at")
    )
