"""Files over a real listener: bytes in and out, safe headers, limits, private modes on disk."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from operator_console.client.address import parse_address
from operator_console.client.errors import ClientError
from operator_console.client.rest import RestClient
from server.bench.process import Running, running_broker
from server.wire.commands import Accept
from server.wire.terms import ConversationId, SessionId
from server.wire.views import FileView
from tests.live import chat, greeted, rest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

TEXT = b"one line\n" * 40_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    async with running_broker() as running:
        yield running


async def test_a_file_goes_both_ways_and_is_never_run(broker: Running, tmp_path: Path) -> None:
    session = await chat(broker)
    path = f"/v1/conversations/{session['conversation_id']}"
    async with rest(broker) as client:
        made = await client.post(f"{path}/files", params={"name": '../a "b"\r\nX: y ü.txt'}, content=TEXT)
        assert made.status_code == 201, made.text
        file = made.json()
        assert (file["media_type"], file["size"]) == ("text/plain", len(TEXT))
        said = await client.post(f"{path}/messages", json={"author": "customer", "files": [file["id"]]})
        assert said.json()["files"] == [file]
        got = await client.get(f"/v1/files/{file['id']}")
        assert got.content == TEXT
        headers = got.headers
        assert headers["content-disposition"].startswith('attachment; filename="')
        assert "x: y" not in headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        assert "no-store" in headers["cache-control"]
        for bad in ("%2e%2e%2f%2e%2e%2fetc%2fpasswd", "f_none", "..%2Fadmin.token"):
            assert (await client.get(f"/v1/files/{bad}")).status_code == 404
    async with rest(broker, "") as stranger:
        assert (await stranger.get(f"/v1/files/{file['id']}")).status_code == 401
    kept = [one for one in (broker.data_dir / "files").rglob("*") if one.is_file()]
    assert len(kept) == 1
    assert {stat.S_IMODE(one.stat().st_mode) for one in kept} == {0o600}
    assert {stat.S_IMODE(one.parent.stat().st_mode) for one in kept} == {0o700}
    async with RestClient(parse_address(broker.url), broker.operator) as console:
        told: list[int] = []
        view = FileView(**file)
        first = await console.download(view, tmp_path / "in", lambda done, _size: told.append(done))
        second = await console.download(view, tmp_path / "in", lambda _done, _size: None)
        assert first.read_bytes() == second.read_bytes() == TEXT
        assert first != second
        assert {first.parent, second.parent} == {tmp_path / "in"}
        assert stat.S_IMODE(first.stat().st_mode) == 0o600
        assert told[-1] == len(TEXT)


async def test_an_upload_that_is_refused_says_why(broker: Running) -> None:
    session = await chat(broker)
    path = f"/v1/conversations/{session['conversation_id']}/files"
    async with rest(broker) as client:
        for content, code in ((b"", "file_empty"), (b"<html><script>", "file_type_refused")):
            refused = await client.post(path, content=content)
            assert (refused.status_code, refused.json()["code"]) == (422, code)
        announced = await client.post(path, content=b"x" * 20_000_001)
        assert (announced.status_code, announced.json()["code"]) == (422, "file_too_large")

        async def unannounced() -> AsyncIterator[bytes]:
            for _ in range(310):
                yield b"x" * 65_536

        refused = await client.post(path, content=unannounced())
        assert (refused.status_code, refused.json()["code"]) == (422, "file_too_large")
    assert not [one for one in (broker.data_dir / "files" / "coming").rglob("*") if one.is_file()]


async def test_the_consoles_upload_reads_ordinary_files_alone(broker: Running, tmp_path: Path) -> None:
    session = await chat(broker, "Bo")
    conversation = ConversationId(str(session["conversation_id"]))
    (tmp_path / "note.txt").write_bytes(TEXT)
    async with RestClient(parse_address(broker.url), broker.operator) as console, greeted(broker) as (desk, _):
        with pytest.raises(ClientError, match="not in your hands"):
            await console.upload(conversation, tmp_path / "note.txt", lambda _done, _size: None)
        taken = await desk.order(
            Accept(id="take-files-1", session_id=SessionId(str(session["id"])), epoch=int(str(session["epoch"])))
        )
        assert taken.ok
        told: list[tuple[int, int]] = []
        file = await console.upload(conversation, tmp_path / "note.txt", lambda *so_far: told.append(so_far))
        assert (file.name, file.size) == ("note.txt", len(TEXT))
        assert told[0] == (0, len(TEXT))
        assert told[-1] == (len(TEXT), len(TEXT))
        for path in (tmp_path / "missing", tmp_path, Path("/dev/zero")):
            with pytest.raises(ClientError, match="can't be sent") as refused:
                await console.upload(conversation, path, lambda _done, _size: None)
            assert refused.value.code == "file_unreadable"
        gone = FileView(id="f_none", name="x")
        with pytest.raises(ClientError, match="no such file"):
            await console.download(gone, tmp_path / "in", lambda _done, _size: None)
        assert not (tmp_path / "in").exists()
