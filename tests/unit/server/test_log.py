"""Rules of the log: no personal text, no secret, no control character, one shape for everybody's lines."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import log

pytestmark = pytest.mark.unit


def written(level: log.Level = "info", *, personal: bool = False, **fields: object) -> dict[str, object]:
    stream = io.StringIO()
    log.configure(level=level, line_format="json", personal=personal, stream=stream)
    log.get_log("server.test").info("handoff_requested", **fields)
    return json.loads(stream.getvalue())


def test_a_line_says_when_how_grave_what_and_where_from() -> None:
    line = written(session_id="s1")
    assert line["event"] == "handoff_requested"
    assert line["level"] == "info"
    assert line["logger"] == "server.test"
    assert line["session_id"] == "s1"
    assert str(line["timestamp"]).endswith("Z")


def test_personal_fields_are_dropped_at_any_depth() -> None:
    line = written(pii_name="Ada", seen={"pii_number": "+15550142", "queue": "billing"}, rows=[{"PII_text": "hi"}])
    assert "Ada" not in json.dumps(line)
    assert "0142" not in json.dumps(line)
    assert line["seen"] == {"queue": "billing"}
    assert line["rows"] == [{}]


def test_personal_fields_are_written_when_the_setting_says_so() -> None:
    assert written(personal=True, pii_name="Ada")["pii_name"] == "Ada"


@pytest.mark.parametrize(
    "name", ["token", "auth_token", "Authorization", "password", "api_key", "apikey", "client_secret", "x-api-key"]
)
def test_a_field_that_names_a_secret_is_never_written(name: str) -> None:
    line = written(personal=True, **{name: "s3cr3t"}, headers={name: "s3cr3t"})
    assert "s3cr3t" not in json.dumps(line)
    assert line[name] == log.DROPPED


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cr3t",
        "GET /media?token=s3cr3t&x=1",
        "postgresql://root:s3cr3t@db/operator",
        "wss://host/?access_token=s3cr3t",
    ],
)
def test_a_secret_inside_other_text_is_never_written(text: str) -> None:
    assert "s3cr3t" not in json.dumps(written(personal=True, detail=text))


def test_the_port_of_an_address_is_no_secret() -> None:
    assert written(url="http://127.0.0.1:8080")["url"] == "http://127.0.0.1:8080"


def test_a_number_whose_name_only_mentions_tokens_stays() -> None:
    assert written(tokens_spent=12)["tokens_spent"] == 12


@given(st.text())
def test_no_text_can_move_the_cursor_or_start_a_line(text: str) -> None:
    stream = io.StringIO()
    log.configure(stream=stream)
    log.get_log("server.test").info("named", customer=text, **{"odd name": text})
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert not [letter for letter in line[:-1] if ord(letter) < 0x20 or 0x7F <= ord(letter) <= 0x9F]
    assert not {"\u202e", "\u2066", "\u200b", "\u2028"} & set(line)


def test_a_very_long_text_is_cut() -> None:
    assert len(str(written(detail="x" * 100_000)["detail"])) == log.MAX_TEXT + 3


def test_a_traceback_is_readable_and_cannot_forge_a_line() -> None:
    stream = io.StringIO()
    log.configure(stream=stream)
    try:
        int("caller \x1b[2J said\ntimestamp=2026 level=info event=forged")
    except ValueError as error:
        failure = ValueError(f"{error.args[0]} \x1b[2J\ntimestamp=2026 level=info event=forged")
        log.get_log("server.test").error("failed", exc_info=failure.with_traceback(error.__traceback__))
    lines = stream.getvalue().splitlines()
    assert len(lines) > 3
    assert all(line.startswith("    ") for line in lines[1:])
    assert "\x1b" not in stream.getvalue()


def test_lines_of_other_libraries_take_the_same_way() -> None:
    stream = io.StringIO()
    log.configure(line_format="json", stream=stream)
    logging.getLogger("uvicorn.access").warning("GET %s", "/x?token=s3cr3t\x1b", extra={"pii_peer": "+1555"})
    line = json.loads(stream.getvalue())
    assert line["event"] == "GET /x?token=[dropped]"
    assert line["logger"] == "uvicorn.access"
    assert "pii_peer" not in line


def test_addresses_that_are_called_are_never_written() -> None:
    stream = io.StringIO()
    log.configure(level="debug", stream=stream)
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot1:s3cr3t/getMe")
    logging.getLogger("httpcore.http11").debug("send_request_headers.started url=/bot1:s3cr3t/getMe")
    assert "s3cr3t" not in stream.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    log.configure(level="warning", stream=stream)
    log.get_log("server.test").info("quiet")
    logging.getLogger("theirs").info("quiet too")
    assert stream.getvalue() == ""


def test_configuring_again_replaces_what_was_set() -> None:
    first, second = io.StringIO(), io.StringIO()
    log.configure(stream=first)
    log.configure(stream=second)
    log.get_log("server.test").info("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1
