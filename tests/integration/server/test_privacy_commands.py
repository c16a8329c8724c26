"""Privacy at a running broker, by its commands: find, export, erase with the proof, and the audit's chain."""

import asyncio
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from server.bench.process import Running, running_broker
from server.cli.app import app
from tests.live import rest

pytestmark = pytest.mark.integration

MARK = b"quincewort"
"""In every word that the person said or is known by."""


async def told(broker: Running, *words: str) -> Result:
    """Run a command of `operator-server` against this broker."""
    config = str(broker.data_dir.parent / "config.toml")
    return await asyncio.to_thread(CliRunner().invoke, app, [*words, "--config", config])


def stored(data_dir: Path) -> set[str]:
    """Return the files of the broker in which the mark stands, byte for byte."""
    return {path.name for path in data_dir.rglob("*") if path.is_file() and MARK in path.read_bytes().lower()}


async def a_chat(broker: Running) -> None:
    """Have a person say and send something, and leave."""
    async with rest(broker, broker.key) as client:
        body = {
            "medium": "chat", "channel": "site", "customer_name": "Ada Quincewort",
            "customer_handle": "quincewort@example.com", "customer_id": "quincewort-77",
        }  # fmt: skip
        chat = (await client.post("/v1/conversations", json=body)).raise_for_status().json()
        path = f"/v1/conversations/{chat['id']}"
        file = await client.post(f"{path}/files", params={"name": "quincewort.txt"}, content=b"quincewort on paper")
        for number in range(40):
            turn: dict[str, Any] = {"author": "customer", "text": f"quincewort {number} " + "is late " * 40}
            if number == 0:
                turn["files"] = [file.raise_for_status().json()["id"]]
            (await client.post(f"{path}/messages", json=turn)).raise_for_status()
        asked = {"reason": "quincewort lost", "context": {"summary": "A quincewort was lost."}}
        headers = {"Idempotency-Key": "quincewort-key-1"}
        (await client.post(f"{path}/handoffs", json=asked, headers=headers)).raise_for_status()
        (await client.post(f"{path}/end", json={})).raise_for_status()


async def test_a_contact_is_found_exported_and_erased_to_the_last_byte(tmp_path: Path) -> None:
    async with running_broker() as broker:
        await a_chat(broker)
        found = await told(broker, "contacts", "find", "quincewort@example.com")
        assert "Ada Quincewort" in found.stdout
        assert "email quincewort@example.com" in found.stdout
        (contact,) = json.loads((await told(broker, "contacts", "find", "Ada", "--json")).stdout)
        assert len(stored(broker.data_dir)) >= 2, "the file sent, and the database or its log"

        packed = tmp_path / "ada.zip"
        taken = await told(broker, "contacts", "export", contact["id"], "--to", str(packed), "--reason", "letter 7")
        assert taken.exit_code == 0, taken.stderr
        assert "turns          40" in taken.stdout
        assert packed.stat().st_mode & 0o777 == 0o600
        with zipfile.ZipFile(packed) as opened:
            whole = json.loads(opened.read("contact.json"))
            (file,) = [name for name in opened.namelist() if name.startswith("files/")]
            assert opened.read(file) == b"quincewort on paper"
        (conversation,) = whole["conversations"]
        assert [turn["text"].split()[1] for turn in conversation["messages"][:40]] == [str(one) for one in range(40)]
        assert conversation["sessions"][0]["context"]["summary"] == "A quincewort was lost."
        again = await told(broker, "contacts", "export", contact["id"], "--to", str(packed))
        assert (again.exit_code, "cannot be written" in again.stderr) == (4, True)

        erased = await told(broker, "contacts", "erase", contact["id"], "--yes", "--reason", "letter 7", "--json")
        assert erased.exit_code == 0, erased.stderr
        proof = json.loads(erased.stdout)
        assert proof["left"] == []
        assert (proof["erased"]["conversations"], proof["erased"]["files"]) == (1, 1)
        assert proof["looked_for"] == 2
        assert {"messages", "answers"} < set(proof["looked_in"])
        assert stored(broker.data_dir) == set()

        gone = await told(broker, "contacts", "erase", contact["id"], "--yes")
        assert (gone.exit_code, "no such contact" in gone.stderr) == (4, True)
        kept = await told(broker, "audit", "verify")
        assert kept.exit_code == 0
        assert "Every record follows" in kept.stdout
        note = next(line.split()[1] for line in kept.stdout.splitlines() if line.startswith("note"))
        assert (await told(broker, "audit", "verify", "--expect", note)).exit_code == 0
        other = await told(broker, "audit", "verify", "--expect", f"1:{'0' * 64}")
        assert (other.exit_code, "not the one that was noted" in other.stdout) == (1, True)
        assert (await told(broker, "audit", "verify", "--expect", "nonsense")).exit_code == 4
        await say_no(broker)


async def say_no(broker: Running) -> None:
    """See that who is asked and says no erases nothing, and that operators may not ask."""
    config = str(broker.data_dir.parent / "config.toml")
    words = ["contacts", "erase", "p_x", "--config", config]
    said_no = await asyncio.to_thread(lambda: CliRunner().invoke(app, words, input="n\n"))
    assert (said_no.exit_code, "for ever?" in said_no.output) == (4, True)
    async with rest(broker, broker.operator) as client:
        refused = await client.post("/v1/contacts/p_x/erase", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        assert (await client.get("/v1/audit/check")).status_code == 403


async def test_a_record_that_somebody_changed_is_named() -> None:
    async with running_broker() as broker:
        await a_chat(broker)
        (contact,) = json.loads((await told(broker, "contacts", "find", "Ada", "--json")).stdout)
        await told(broker, "contacts", "erase", contact["id"], "--yes", "--reason", "letter 7")
        await asyncio.to_thread(tamper, next(broker.data_dir.glob("*.sqlite3")))
        checked = await told(broker, "audit", "verify", "--json")
        assert checked.exit_code == 1
        assert json.loads(checked.stdout)["broken"] == ["the reason of record 1 was changed"]


def tamper(database: Path) -> None:
    connection = sqlite3.connect(database, timeout=20)
    with connection:
        connection.execute("UPDATE audit SET reason = 'letter 8'")
    connection.close()
