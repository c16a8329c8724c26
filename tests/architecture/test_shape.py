"""Rules of shape: one job a file, named for it, saying what it is for; the trade's words; no place unnamed."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, files, name, program_files, tree

pytestmark = pytest.mark.unit

CAP = 400
TEST_CAP = 500
"""A test file is a list; it may be longer before it gets hard to find one's way."""
SMALL_CAP = 250
SMALL = ("operator_console/tui/app.py", "server/broker/broker.py", "server/media/call.py", "server/media/worker.py")
"""Files that elsewhere grow without end: the app, the broker, the live-call objects."""

VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc", "stuff"}
GENERATED = ("server/storage/migrations/versions/",)
WORDS = re.compile(r"(?<![-\w])agents?(?![-\w])", re.IGNORECASE)
"""The word that means two things; User-Agent is another word."""
MAY_QUOTE_IT = (
    "docs/glossary.md",
    "tests/architecture/test_shape.py",
    "LICENSE",
    "server/tickets/zendesk.py",
    "examples/voice/livekit_bot.py",
)


MAY_CATCH_EVERYTHING = {
    "server/tasks.py": "the task runner logs it and starts the loop again",
    "server/broker/carry_out.py": "the effect runner logs it and tries the effect again",
    "server/broker/channels/taking.py": "a platform's request is kept with its error, and the others go on",
    "server/storage/group.py": "the writer thread hands it to whoever waits for the transaction",
    "server/storage/readers.py": "the reading thread hands it to whoever waits for the answer",
    "server/storage/writer.py": "the writer thread hands it to whoever waits for the transaction",
    "operator_console/tasks.py": "the console's task runner",
}


def python(path: Path) -> bool:
    return not name(path).startswith(GENERATED)


@pytest.mark.parametrize("path", [path for path in files(".py") if python(path)], ids=name)
def test_a_file_stays_under_its_cap(path: Path) -> None:
    cap = SMALL_CAP if name(path) in SMALL else TEST_CAP if name(path).startswith("tests/") else CAP
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= cap, f"{lines} lines, and {cap} is the cap: it does more than one job"


@pytest.mark.parametrize("path", files(".py"), ids=name)
def test_a_file_is_named_for_what_it_does(path: Path) -> None:
    assert not {part.removesuffix(".py") for part in Path(name(path)).parts} & VAGUE


@pytest.mark.parametrize("path", files(".py"), ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    first = (ast.get_docstring(tree(path)) or "").split("\n", maxsplit=1)[0].strip()
    assert len(first.split()) >= 2, "the docstring's first line says what the module is for"


@pytest.mark.parametrize("path", program_files(), ids=name)
def test_every_public_class_and_function_says_what_it_is_for(path: Path) -> None:
    if not python(path):
        return
    for node in tree(path).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name(path)}:{node.lineno} {node.name}"


def test_nobody_is_called_by_the_word_that_means_two_things() -> None:
    texts = [path for path in files() if path.suffix in {".py", ".md", ".toml", ".tcss", ".sh", ".json", ""}]
    for path in texts:
        if name(path) in MAY_QUOTE_IT or name(path).startswith(("requirements/", "tests/snapshot/")):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            assert not WORDS.search(line), f"{name(path)}:{number} say operator or assistant: {line.strip()[:80]}"


def test_every_folder_is_named_in_the_architecture_page() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    folders = {name(path.parent) for path in program_files()}
    for folder in sorted(folders):
        if any(f"{folder}/".startswith(known) for known in GENERATED):
            continue
        assert f"`{folder}/`" in page, f"say in docs/architecture.md what `{folder}/` is for"


def test_the_architecture_page_names_no_folder_that_is_gone() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for folder in re.findall(r"`((?:server|operator_console|tests|docs)/[\w/]*/)`", page):
        assert (ROOT / folder).is_dir(), folder


def test_the_top_level_holds_what_people_expect_and_nothing_else() -> None:
    expected = {
        ".ci", ".gitignore", ".importlinter", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
        "config.example.toml", "docs", "examples", "operator_console", "pyproject.toml", "requirements", "scripts",
        "server", "tests",
    }  # fmt: skip
    assert {name(path).split("/")[0] for path in files()} <= expected


@pytest.mark.parametrize("path", program_files(), ids=name)
def test_everything_is_caught_only_where_it_is_told_to_somebody(path: Path) -> None:
    if name(path) in MAY_CATCH_EVERYTHING:
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            for kind in caught:
                assert kind is not None, f"{name(path)}:{node.lineno} a bare except"
                wide = isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}
                assert not wide or _raises_again(node), f"{name(path)}:{node.lineno} catches everything"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))
