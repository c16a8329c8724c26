"""Transcribe over an endpoint that speaks OpenAI's transcriptions.

Source: the OpenAPI document of the OpenAI API, `POST /audio/transcriptions`: a multipart form with `file`, `model`,
`language`, `response_format`; the JSON answer has `text`.
"""

import io
import wave
from typing import Final

import httpx
import msgspec
import numpy as np

from server.speech.engine import RATE, EngineError, Heard, Sound

MOST_BYTES: Final = 256 * 1024
"""A longer answer is given up."""


class _Answer(msgspec.Struct, frozen=True):
    """What is read of the answer."""

    text: str


class Endpoint:
    """A transcription service."""

    def __init__(
        self, url: str, model: str, key: str = "", *, language: str = "", timeout_seconds: float = 10.0
    ) -> None:
        """Ask at `url` (up to its version, https://host/v1) for `model`; `key` is sent as a bearer token."""
        self._address: Final = f"{url.rstrip('/')}/audio/transcriptions"
        self._fields: Final = {"model": model, "response_format": "json"} | ({"language": language} if language else {})
        self._client: Final = httpx.Client(
            timeout=timeout_seconds,
            follow_redirects=False,
            headers={"authorization": f"Bearer {key}"} if key else {},
        )

    def transcribe(self, sound: Sound) -> Heard:
        """Return what the service makes of the sound."""
        files = {"file": ("speech.wav", wav(sound), "audio/wav")}
        try:
            with self._client.stream("POST", self._address, data=self._fields, files=files) as response:
                if response.status_code != 200:
                    raise EngineError(f"The transcription endpoint answered {response.status_code}.")
                content = b""
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > MOST_BYTES:
                        raise EngineError("The transcription endpoint's answer is too long.")
            return Heard(msgspec.json.decode(content, type=_Answer).text.strip())
        except httpx.HTTPError as error:
            raise EngineError(f"The transcription endpoint cannot be reached ({type(error).__name__}).") from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise EngineError("The transcription endpoint's answer cannot be read.") from error

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def wav(sound: Sound) -> bytes:
    """Return the sound as a WAV file of PCM16."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1.0, 1.0) * 32_767).astype("<i2").tobytes())
    return out.getvalue()
