"""Read the project's own files for the architecture tests: what is in the tree, parsed once."""

import ast
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAMS: Final = ("server", "operator_console")


@cache
def files(suffix: str = "") -> tuple[Path, ...]:
    """Return the project's files that end in `suffix`: what git knows plus new ones it does not ignore."""
    paths = (ROOT / listed for listed in sorted(_listed_by_git() or _walked()))
    return tuple(path for path in paths if path.name.endswith(suffix) and path.is_file())


def _listed_by_git() -> set[str]:
    """Return what git lists; nothing where there is no git or this is no checkout of it."""
    if shutil.which("git") is None:
        return set()
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    return set(filter(None, done.stdout.decode().split("\0"))) if done.returncode == 0 else set()


def _walked() -> set[str]:
    """Return every file outside the folders that only hold what tools made."""
    made = {".git", ".venv", ".hypothesis", "dist", "build", "var", "__pycache__"}
    return {
        name(path)
        for path in ROOT.rglob("*")
        if path.is_file() and not any(part in made or part.endswith("_cache") for part in path.parts[len(ROOT.parts) :])
    }


@cache
def program_files() -> tuple[Path, ...]:
    """Return the Python files of both programs."""
    return tuple(path for path in files(".py") if name(path).split("/")[0] in PROGRAMS)


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path) -> str:
    """Return a file's path within the project."""
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    """Return the full names of all modules that a file imports; `from a.b import c` gives a.b."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found
