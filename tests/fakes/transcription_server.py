"""A local endpoint that speaks OpenAI's transcriptions, and misbehaves when told to.

Written from the OpenAPI document of the API (`POST /audio/transcriptions`): it refuses what the real one would refuse,
and answers with the same object. The real client library reads its answers.
"""

import email.message
import email.parser
import io
import json
import threading
import wave
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

KEY: Final = "sk-test"


@dataclass
class TranscriptionServer:
    """Answers `text`, or `status`, or `body` as it is; keeps the form of each request."""

    text: str = "I would like to talk to somebody."
    status: int = 200
    body: bytes | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    sounds: list[tuple[int, int, int, float]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["content-length"]))
                status, body = desk.answer(self.path, self.headers, content)
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, headers: email.message.Message, content: bytes) -> tuple[int, bytes]:
        """Return status and body for a request."""
        problem = self._problem(path, headers, content)
        if problem:
            self.refusals.append(problem)
            return 400, json.dumps({"error": {"message": problem, "type": "invalid_request_error"}}).encode()
        if self.body is not None:
            return self.status, self.body
        return self.status, json.dumps({"text": self.text}).encode()

    def _problem(self, path: str, headers: email.message.Message, content: bytes) -> str:
        if path != "/v1/audio/transcriptions":
            return f"no such endpoint: {path}"
        if headers["authorization"] != f"Bearer {KEY}":
            return "the key is missing"
        head = f"content-type: {headers['content-type']}\r\n\r\n".encode()
        form = email.parser.BytesParser().parsebytes(head + content)
        if form.get_content_type() != "multipart/form-data":
            return "not a form"
        fields: dict[str, str] = {}
        for part in form.get_payload():
            assert isinstance(part, email.message.Message)
            name = str(part.get_param("name", header="content-disposition"))
            value = part.get_payload(decode=True)
            assert isinstance(value, bytes)
            if name == "file":
                if not str(part.get_filename()).endswith(".wav"):
                    return "the file has no name of a known format"
                with wave.open(io.BytesIO(value), "rb") as sound:
                    seconds = sound.getnframes() / sound.getframerate()
                    kind = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth(), round(seconds, 2))
                self.sounds.append(kind)
                fields["file"] = str(part.get_filename())
            else:
                fields[name] = value.decode()
        if "file" not in fields or not fields.get("model"):
            return "file and model are required"
        if fields.get("response_format", "json") != "json":
            return "another format was asked for"
        self.asked.append(fields)
        return ""
