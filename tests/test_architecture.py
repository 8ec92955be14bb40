"""Imports go one way: a room may use its own floor's ground and what lies below, never what stands on it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Rooms from the ground up (docs/architecture.md). A module belongs to the longest name that matches it.
FLOORS = [
    {
        "simint",
        "simint.errors",
        "simint.naming",
        "simint.units",
        "simint.config",
        "simint.database",
        "simint.files",
        "simint.cli",
        "simint.compiled",
        "simint.workers",
        "simint.__main__",
    },
    {"simint.trace", "simint.network", "simint.hardware"},
    {"simint.physics", "simint.tiling"},
    {"simint.engine"},
    {"simint.scenario", "simint.replay", "simint.explore", "simint.cost", "simint.report", "simint.whatif"},
    {"nas", "nas.space", "nas.data"},
    {"nas.problem", "nas.modules"},
    {"nas.hardware", "nas.train", "nas.proxies", "nas.store", "nas.stochastic", "nas.channels"},
    {"nas.methods", "nas.supernet", "nas.fitness", "nas.export"},
    {"nas.search", "nas.ranking"},
    {"nas.compare"},
]
# Rooms of one floor that must not know each other at all.
STRANGERS = [
    {"simint.trace", "simint.network", "simint.hardware"},
    {"simint.physics", "simint.tiling"},
]


def modules() -> dict[str, Path]:
    files = [*ROOT.glob("simint/**/*.py"), *ROOT.glob("nas/**/*.py")]
    names = {}
    for file in files:
        parts = list(file.relative_to(ROOT).with_suffix("").parts)
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


def imported(file: Path, name: str) -> set[str]:
    """Modules of this project that a file imports anywhere, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} uses a relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    known = modules()
    return {module for module in found if module in known and module.split(".")[0] in ("simint", "nas")}


def room(module: str) -> str:
    rooms = set().union(*FLOORS)
    while module not in rooms:
        assert "." in module, f"{module} stands in no room"
        module = module.rpartition(".")[0]
    return module


def floor(module: str) -> int:
    # A folder's __main__ is a command and stands on the top floor of the simulator, or of all.
    if module.endswith(".__main__") and module != "simint.__main__":
        return 4 if module.startswith("simint.") else len(FLOORS) - 1
    return next(level for level, rooms in enumerate(FLOORS) if room(module) in rooms)


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_go_down(module: str) -> None:
    for other in imported(modules()[module], module):
        assert floor(other) <= floor(module), f"{module} (floor {floor(module) + 1}) imports {other} above it"
        for strangers in STRANGERS:
            if {room(module), room(other)} <= strangers and not module.endswith("__main__"):
                assert room(module) == room(other), f"{module} imports {other}, a room of the same floor"


def test_no_import_cycles() -> None:
    graph = {name: imported(file, name) - {name} for name, file in modules().items()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"import cycle: {' -> '.join((*path, name))}"
        if name in done:
            return
        for other in graph[name]:
            visit(other, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_the_base_install_needs_no_torch() -> None:
    for name, file in modules().items():
        if name.startswith("simint"):
            assert "import torch" not in file.read_text(encoding="utf-8"), name
