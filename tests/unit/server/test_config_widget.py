"""Rules of the widget's settings: sites that are none, short secrets and calls that no page could hear are refused."""

from pathlib import Path

import pytest

from tests.unit.server.test_config import loaded, refusal, secret_file

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "origin",
    ["shop.example.com", "https://shop.example.com/path", "http://shop.example.com", "*", "https://a@b.example"],
)
def test_what_is_no_site_is_refused_with_one_that_is(tmp_path: Path, origin: str) -> None:
    told = refusal(tmp_path, f'[widget]\norigins = ["{origin}"]\n')
    assert told.startswith(f"[widget] origins: {origin!r} is no site. Write https://shop.example.com")


def test_sites_with_tls_and_this_machines_own_are_taken(tmp_path: Path) -> None:
    made = loaded(tmp_path, '[widget]\norigins = ["https://shop.example.com", "http://127.0.0.1:3000"]\n')
    assert len(made.settings.widget.origins) == 2


def test_a_short_secret_is_refused_and_a_long_one_never_shown(tmp_path: Path) -> None:
    secret_file(tmp_path / "short", "x" * 31)
    told = refusal(tmp_path, '[widget]\nidentity_secret_file = "short"\n')
    assert "shorter than 32 characters" in told
    secret_file(tmp_path / "long", "y" * 32)
    made = loaded(tmp_path, '[widget]\nidentity_secret_file = "long"\n')
    assert made.identity_secret is not None
    assert "yyy" not in repr(made)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret_file(tmp_path / "open", "x" * 40, 0o644)
    assert "chmod 600" in refusal(tmp_path, '[widget]\nidentity_secret_file = "open"\n')


def test_calls_from_a_site_with_tls_need_a_media_address_that_browsers_take(tmp_path: Path) -> None:
    wanted = '[widget]\nenabled = true\ncalls = "queue"\norigins = ["https://shop.example.com"]\n'
    assert refusal(tmp_path, wanted).startswith("[media] public_url is missing")
    loaded(tmp_path, wanted + '[media]\npublic_url = "wss://media.example.com"\n')
    loaded(tmp_path, wanted.replace("https://shop.example.com", "http://localhost:3000"))
