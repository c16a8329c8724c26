"""Rules of dependency: two programs that meet in the wire alone, edge → broker → core, and a core without I/O."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, imported, name, program_files, tree

pytestmark = pytest.mark.unit

RUN_BY_ALEMBIC = "server/storage/migrations/env.py"
"""A script in the shape of a module: Alembic loads it to run it, nobody imports it."""

PURE = {"re", "unicodedata",
    "bisect", "collections", "collections.abc", "dataclasses", "datetime", "enum", "functools", "heapq", "itertools",
    "math", "operator", "types", "typing", "typing_extensions",
}  # fmt: skip
"""Of the standard library, what neither reads nor writes anything."""

DEFINITIONS = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign,
)  # fmt: skip

TEXTUAL_FREE = (
    "operator_console.__main__",
    "operator_console.cli",
    "operator_console.model",
    "operator_console.client",
)


def part(folder: str) -> list[Path]:
    return [path for path in program_files() if name(path).startswith(folder)]


def test_every_import_contract_is_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", part("server/core/"), ids=name)
def test_the_core_imports_only_what_is_pure(path: Path) -> None:
    ours = {
        "server.wire.terms",
        "server.wire.views",
        "server.wire.calling",
        "server.wire.history",
        "server.wire.skills",
        "server.wire.report",
        "msgspec.structs",
    }
    strange = {
        module
        for module in imported(path)
        if module not in PURE | ours and not module.startswith("server.core") and module != "server.wire"
    }
    assert not strange


@pytest.mark.parametrize("path", part("server/core/"), ids=name)
def test_the_core_neither_waits_nor_asks_for_the_time(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith), node.lineno
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"now", "utcnow", "today"}, f"{name(path)}:{node.lineno} reads a clock"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "exec", "eval"}, f"{name(path)}:{node.lineno}"


@pytest.mark.parametrize("path", part("operator_console/model/"), ids=name)
def test_the_consoles_model_neither_waits_nor_asks_for_the_time(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), node.lineno
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"utcnow", "today"}, f"{name(path)}:{node.lineno} reads a clock"
    assert not imported(path) & {"asyncio", "time", "random", "os", "pathlib", "socket", "logging"}


@pytest.mark.parametrize("path", part("server/wire/"), ids=name)
def test_the_wire_imports_nothing_of_ours_and_no_io(path: Path) -> None:
    strange = {
        module
        for module in imported(path)
        if module not in PURE | {"msgspec", "re", "struct", "unicodedata"} and not module.startswith("server.wire")
    }
    assert not strange


def test_the_console_imports_nothing_of_the_server_but_the_wire() -> None:
    for path in part("operator_console/"):
        strange = {module for module in imported(path) if module.split(".")[0] == "server"}
        assert all(module.startswith("server.wire") for module in strange), f"{name(path)}: {strange}"


def test_the_command_line_starts_without_textual() -> None:
    modules = [module for module in TEXTUAL_FREE if (ROOT / module.replace(".", "/")).exists()]
    modules += [module for module in TEXTUAL_FREE if (ROOT / f"{module.replace('.', '/')}.py").exists()]
    code = f"import sys, {', '.join(modules)}; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("path", program_files(), ids=name)
def test_nothing_runs_at_import(path: Path) -> None:
    """A module may define things and compute constants; it may not open, start, print or configure anything."""
    if path.name == "__main__.py" or name(path) == RUN_BY_ALEMBIC:
        return
    for node in tree(path).body:
        if isinstance(node, DEFINITIONS):
            continue
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_guard = isinstance(node, ast.If | ast.Try | ast.With)
        assert is_text or is_guard or _registers(node), f"{name(path)}:{node.lineno} runs at import"


def _registers(node: ast.stmt) -> bool:
    """Tell whether a statement only adds a command, or a group of them, to a command line."""
    called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    if isinstance(called, ast.Call):  # app.command()(function)
        called = called.func
    return isinstance(called, ast.Attribute) and called.attr in {"add_typer", "command"}
