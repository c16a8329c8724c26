"""What a file is, is told by its bytes; only what the configuration names is taken; no name is a path."""

import pytest

from server.broker.files import safe_name
from server.core.errors import CallerError
from server.core.files import HEAD_BYTES, UNKNOWN, FileRules, check_kind, kind_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04....", "application/zip"),
        (b"....ftypisom", "video/mp4"),
        ("Grüße, line\n".encode(), "text/plain"),
        (("€" * HEAD_BYTES).encode()[:HEAD_BYTES], "text/plain"),
        (b"", UNKNOWN),
        (b"MZ\x90\x00", UNKNOWN),
        (b"\x7fELF", UNKNOWN),
        (b"#!/bin/sh\nrm -rf ~\n", UNKNOWN),
        (b"\n <!DOCTYPE html><script>alert(1)</script>", UNKNOWN),
        (b"<svg onload=alert(1)>", UNKNOWN),
        (b"text\x00with a zero", UNKNOWN),
        (b"\xff\xfe\xfa no text", UNKNOWN),
    ],
)
def test_the_first_bytes_say_what_a_file_is(head: bytes, kind: str) -> None:
    assert kind_of(head) == kind


def test_only_named_kinds_are_taken() -> None:
    rules = FileRules(types=("image/png",))
    check_kind("image/png", rules)
    for kind in ("text/plain", UNKNOWN):
        with pytest.raises(CallerError, match="are not taken") as refused:
            check_kind(kind, rules)
        assert refused.value.code == "file_type_refused"
    with pytest.raises(CallerError, match="are not taken"):
        check_kind("image/png", FileRules())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\secret.txt", "secret.txt"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        (".bashrc", "bashrc"),
        ("a\nb.txt", "a b.txt"),
        ("x" * 500 + ".png", None),
        ("nul\x00byte.txt", "nulbyte.txt"),
        ("\x1b[2Jevil.txt", None),
        ("\u202egnp.exe", None),
        ("Rechnung für März.pdf", "Rechnung für März.pdf"),
    ],
)
def test_a_name_is_one_harmless_line_and_no_path(given: str, kept: str | None) -> None:
    name = safe_name(given)
    assert kept is None or name == kept
    assert name
    assert len(name) <= 130
    assert not set(name) & set("/\\\n\x00\x1b\u202e")
    assert not name.startswith(".")
