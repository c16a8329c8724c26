"""REST over a real listener: who may, what shape, and the one body of every refusal."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.bench.process import Running, running_broker
from tests.live import bearer, chat, operator, rest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    async with running_broker() as running:
        yield running


def refused(response: object, status: int, code: str) -> dict[str, str]:
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert body["message"]
    assert set(body) <= {"code", "message", "hint", "details"}
    return body


async def test_without_a_token_nothing_is_told(broker: Running) -> None:
    async with rest(broker, "") as client:
        for method, path in (("GET", "/v1/sessions"), ("POST", "/v1/conversations"), ("GET", "/v1/operators")):
            response = await client.request(method, path)
            refused(response, 401, "no_token")
            assert response.headers["www-authenticate"] == "Bearer"


async def test_an_unknown_token_is_refused(broker: Running) -> None:
    async with rest(broker, "op_guess") as client:
        refused(await client.get("/v1/sessions"), 401, "bad_token")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 5000 + b"]" * 5000, 400),
        (b'{"medium":"chat","nonsense":1}', 400),
        (b'{"medium":"fax"}', 400),
        (b'{"medium":7}', 400),
        (b'{"medium":"chat","customer_name":"' + b"x" * 201 + b'"}', 400),
        (b"\xff\xfe{}", 400),
        (b'{"medium":"chat","customer_name":"' + b"x" * 300_000 + b'"}', 413),
    ],
    ids=["cut off", "too deep", "unknown field", "unknown word", "wrong type", "long name", "no UTF-8", "too large"],
)
async def test_a_malformed_conversation_is_refused_with_the_common_body(
    broker: Running, body: bytes, status: int
) -> None:
    async with rest(broker) as client:
        response = await client.post("/v1/conversations", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == status, response.text
        assert {"code", "message"} <= set(response.json())


async def test_a_path_or_method_that_is_not_there_gets_the_common_body(broker: Running) -> None:
    async with rest(broker) as client:
        refused(await client.get("/v1/nothing"), 404, "no_such_path")
        refused(await client.delete("/v1/conversations"), 405, "method_not_allowed")


async def test_an_operator_may_not_write_as_an_assistant(broker: Running) -> None:
    async with rest(broker, broker.operator) as client:
        refused(await client.post("/v1/conversations", json={"medium": "chat"}), 403, "assistants_only")


async def test_an_assistant_may_not_see_the_queue_or_make_operators(broker: Running) -> None:
    async with rest(broker) as client:
        refused(await client.get("/v1/sessions"), 403, "operators_only")
        refused(await client.post("/v1/operators", json={"name": "x"}), 403, "operators_only")


async def test_an_operator_may_not_make_operators(broker: Running) -> None:
    async with rest(broker, broker.operator) as client:
        body = refused(await client.post("/v1/operators", json={"name": "x"}), 403, "not_allowed")
        assert body["details"] == {"needs": "administrator"}


async def test_another_keys_conversation_looks_like_none(broker: Running) -> None:
    admin = (broker.data_dir / "admin.token").read_text().strip()
    async with rest(broker, admin) as client:
        other = (await client.post("/v1/keys", json={"name": "other"})).json()["token"]
    session = await chat(broker)
    async with rest(broker, other) as client:
        theirs = await client.get(f"/v1/conversations/{session['conversation_id']}")
        none = await client.get("/v1/conversations/c_none")
        assert theirs.status_code == none.status_code == 404
        assert theirs.content == none.content


async def test_the_same_idempotency_key_queues_once(broker: Running) -> None:
    async with rest(broker) as client:
        conversation = (await client.post("/v1/conversations", json={"medium": "chat"})).json()
        path = f"/v1/conversations/{conversation['id']}/handoffs"
        body = {"reason": "asked", "context": {"summary": "Wants a refund."}}
        answers = await asyncio.gather(
            *(client.post(path, json=body, headers={"Idempotency-Key": "k-1"}) for _ in range(8))
        )
        assert {one.status_code for one in answers} == {201}
        assert len({one.json()["id"] for one in answers}) == 1
        other = await client.post(path, json={"reason": "else"}, headers={"Idempotency-Key": "k-1"})
        refused(other, 422, "idempotency_key_reused")
        refused(await client.post(path, json=body), 409, "handoff_open")


async def test_hostile_names_are_filtered_before_anybody_sees_them(broker: Running) -> None:
    hostile = "\x1b]0;PWNED\x07\x1b[2JEve\u202e\u200b"
    session = await chat(broker, hostile)
    text = json.dumps(session["customer"], ensure_ascii=False)
    assert not any(char in text for char in "\x1b\x07\u202e\u200b")
    assert "Eve" in text


async def test_a_removed_operator_is_out_at_once(broker: Running) -> None:
    token = await operator(broker, "Gone")
    admin = (broker.data_dir / "admin.token").read_text().strip()
    async with rest(broker, token) as client:
        me = (await client.get("/v1/me")).json()
        assert me["operator"]["name"] == "Gone"
        removed = await client.delete(f"/v1/operators/{me['operator']['id']}", headers=bearer(admin))
        assert removed.status_code == 204
        refused(await client.get("/v1/me"), 401, "bad_token")


async def test_a_revoked_key_is_out_at_once(broker: Running) -> None:
    admin = (broker.data_dir / "admin.token").read_text().strip()
    async with rest(broker, admin) as client:
        made = (await client.post("/v1/keys", json={"name": "short-lived"})).json()
        assert (await client.delete(f"/v1/keys/{made['id']}")).status_code == 204
        refused(await client.delete("/v1/keys/k_none"), 404, "no_such_key")
        listed = (await client.get("/v1/keys")).json()
        assert next(one for one in listed if one["id"] == made["id"])["revoked_at"]
        assert "token" not in json.dumps(listed)
    async with rest(broker, made["token"]) as client:
        refused(await client.get("/v1/me"), 401, "bad_token")


async def test_tokens_are_not_in_the_database_file(broker: Running) -> None:
    token = await operator(broker, "Secret")
    files = [path for path in broker.data_dir.iterdir() if path.name.startswith("operator") or "db" in path.name]
    assert files, sorted(path.name for path in broker.data_dir.iterdir())
    for path in files:
        assert token.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


async def test_a_session_is_found_by_the_number_that_people_say(broker: Running) -> None:
    session = await chat(broker)
    async with rest(broker, broker.operator) as client:
        for reference in (session["id"], session["number"], session["number"].lower(), session["number"][2:]):
            found = await client.get(f"/v1/sessions/{reference}")
            assert found.json()["id"] == session["id"]
        refused(await client.get("/v1/sessions/H-9999"), 404, "no_such_session")


async def test_health_and_readiness_need_no_token(broker: Running) -> None:
    async with rest(broker, "") as client:
        assert (await client.get("/healthz")).json()["status"] == "ok"
        assert (await client.get("/readyz")).status_code == 200


async def test_the_openapi_document_names_every_path(broker: Running) -> None:
    async with rest(broker, "") as client:
        document = (await client.get("/schema/openapi.json")).json()
    assert "/v1/conversations/{conversation_id}/handoffs" in document["paths"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
