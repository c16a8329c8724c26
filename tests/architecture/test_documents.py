"""Rules of the documents: what is made from code is up to date, what is claimed can be run, links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from scripts import write_docs
from server import config, config_reference
from server.desk_rules import rules_of
from server.wire import frames
from server.wire.errors import ErrorBody
from server.wire.media import MediaControlFrame
from tests.architecture.source_tree import ROOT, files, name

pytestmark = pytest.mark.unit

PAGES = [path for path in files(".md") if not name(path).startswith("tests/")]
README = ROOT / "README.md"
FROM_CONSOLE = msgspec.json.Decoder(frames.FromConsole)
TO_CONSOLE = msgspec.json.Decoder(frames.ToConsole)


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page whose info string is `language`."""
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for info, text in found if info.strip() == language]


def test_every_test_that_the_page_of_threats_names_is_there() -> None:
    there = {f"/{name(path)}" for path in files(".py") if name(path).startswith("tests/")}
    named = set(re.findall(r"`((?:\w+/)?test_\w+\.py)", (ROOT / "docs/security.md").read_text(encoding="utf-8")))
    assert len(named) > 20
    assert {one for one in named if not any(path.endswith(f"/{one}") for path in there)} == set()


@pytest.mark.parametrize("document", write_docs.DOCUMENTS)
def test_what_is_written_from_the_code_is_up_to_date(document: str) -> None:
    assert write_docs.stale().get(document, "") == "", "run: make docs"


def test_every_setting_stands_in_the_example_with_its_default() -> None:
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    assert config.parse(example) == config.Settings()
    uncommented = re.sub(r"^#(\w+ = |\[)", r"\1", example, flags=re.MULTILINE)
    settings = config.parse(uncommented)
    named = {name: {} for name in (*config.NAMED, config.CHANNELS)}
    assert msgspec.structs.replace(settings, **named) == config.Settings()
    assert rules_of(settings).of("billing") == rules_of(config.Settings())
    for group in config_reference.groups():
        for setting in group.settings:
            assert f"#{setting.name} = {setting.default}" in example


def test_every_setting_says_what_it_is_for_and_carries_its_unit() -> None:
    for group in config_reference.groups():
        for setting in group.settings:
            assert setting.meaning.endswith("."), f"[{group.name}] {setting.name}"
            if setting.takes.startswith("number"):
                assert "_seconds" in setting.name, f"[{group.name}] {setting.name} has no unit in its name"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{name(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for mentioned in re.findall(r"`((?:server|operator_console|tests|scripts|docs|requirements)/[\w./-]+\.\w+)`", text):
        assert (ROOT / mentioned).exists(), f"{name(page)} names {mentioned}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"`make ([\w-]+)`", page.read_text(encoding="utf-8"))
    named += [word for block in blocks(page, "sh") for word in re.findall(r"^make ([\w-]+)", block, re.MULTILINE)]
    assert set(named) <= targets


def commands() -> list[str]:
    """Return every command of ours in a shell block of a page, without its arguments and options."""
    found: set[str] = set()
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0] in {"operator-server", "operator-console"}:
                    plain = [word for word in words[1:] if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")]
                    found.add(" ".join([words[0], *plain[:2]]))
    return sorted(found)


@pytest.mark.parametrize("command", commands())
def test_every_command_a_page_shows_exists(command: str) -> None:
    program, *words = command.split()
    module = {"operator-server": "server", "operator-console": "operator_console"}[program]
    done = subprocess.run(
        [sys.executable, "-m", module, *words, "--help"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_screen_of_the_readme_says_what_it_is_shows_it_and_gives_two_commands() -> None:
    first = README.read_text(encoding="utf-8").splitlines()[:32]
    text = "\n".join(first)
    assert "docs/pictures/console.png" in text
    assert "make demo" in text
    assert "make test" in text
    assert "http" not in text.split("make test")[0]


def samples(kind: str) -> list[str]:
    """Return the samples of docs/protocol.md that say `json <kind>`, one frame a line or block."""
    return blocks(ROOT / "docs/protocol.md", f"json {kind}")


@pytest.mark.parametrize("sample", samples("from-console"))
def test_every_frame_shown_as_the_consoles_is_one(sample: str) -> None:
    FROM_CONSOLE.decode(sample)


@pytest.mark.parametrize("sample", samples("to-console"))
def test_every_frame_shown_as_the_brokers_is_one(sample: str) -> None:
    frame = TO_CONSOLE.decode(sample)
    assert msgspec.json.decode(msgspec.json.encode(frame)) == msgspec.json.decode(sample), (
        "show all fields, and no more"
    )


@pytest.mark.parametrize("sample", samples("from-assistant"))
def test_every_frame_shown_as_the_assistants_is_one(sample: str) -> None:
    msgspec.json.decode(sample, type=frames.FromAssistant)


@pytest.mark.parametrize("sample", samples("to-assistant"))
def test_every_answer_shown_to_an_assistant_is_one(sample: str) -> None:
    msgspec.json.decode(sample, type=frames.Refused)


@pytest.mark.parametrize("sample", samples("media"))
def test_every_media_frame_shown_is_one(sample: str) -> None:
    msgspec.json.decode(sample, type=MediaControlFrame)


@pytest.mark.parametrize("sample", samples("event"))
def test_every_event_shown_is_one(sample: str) -> None:
    msgspec.json.decode(sample, type=frames.Event)


@pytest.mark.parametrize("sample", samples("error"))
def test_every_refusal_shown_is_one(sample: str) -> None:
    msgspec.json.decode(sample, type=ErrorBody)


def test_every_kind_of_sample_is_decoded_by_a_test() -> None:
    kinds = set(
        re.findall(r"^```json ?([\w-]*)$", (ROOT / "docs/protocol.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert kinds == {"from-console", "to-console", "from-assistant", "to-assistant", "media", "event", "error"}


def test_the_protocol_page_shows_every_command_and_every_event() -> None:
    page = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    for kind in (*frames.Command.__args__, *frames.Event.__args__):
        tag = kind.__struct_config__.tag
        assert f"`{tag}`" in page, f"docs/protocol.md does not name {tag}"


def test_decisions_are_numbered_without_holes() -> None:
    numbers = [int(path.name[:4]) for path in files(".md") if name(path).startswith("docs/adr/")]
    assert numbers == list(range(1, len(numbers) + 1))
