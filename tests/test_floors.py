"""The architecture as a test: imports go down the floors, never up or sideways."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKER = ROOT / "worker"

FLOORS = {
    "errors": 0,
    "lane_numbers": 0,
    "model": 0,
    "servers": 0,
    "sources": 1,
    "mapping": 1,
    "redaction": 1,
    "credentials": 1,
    "addresses": 1,
    "rates": 1,
    "settings": 2,
    "mapping_folder": 2,
    "payloads": 2,
    "org_schema": 2,
    "org_package": 2,
    "store": 2,
    "broker": 2,
    "redis_clients": 2,
    "telling": 2,
    "noticeboard": 2,
    "ringing": 2,
    "logs": 2,
    "crm": 2,
    "checking": 3,
    "intake": 3,
    "door": 3,
    "delivery": 3,
    "metrics": 3,
    "alarm": 3,
    "rehearsal": 4,
    "comparing": 4,
    "bootstrap": 4,
    "wsgi": 5,
    "tasks": 5,
    "cli": 5,
    "flower_door": 5,
    "rsgi": 6,
    "__init__": 6,
}
BESIDE = {"localorg"}
PURE_FORBIDDEN = {"os", "pathlib", "socket", "requests", "time", "random", "logging"}
FORBIDDEN_PACKAGES = {"flask", "fastapi", "django"}


def unit_of(path: Path) -> str:
    first = path.relative_to(WORKER).parts[0]
    return first.removesuffix(".py")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def units_imported_by(path: Path) -> set[str]:
    modules = (name.split(".") for name in imports_of(path))
    return {parts[1] for parts in modules if parts[0] == "worker" and len(parts) > 1}


FILES = sorted(WORKER.rglob("*.py"))
MIGRATIONS = WORKER / "store" / "migrations" / "versions"
UNITS = sorted({unit_of(path) for path in FILES})


def test_every_unit_has_its_floor() -> None:
    assert {*FLOORS, *BESIDE} == {*UNITS}


def wrongly_imported_by(path: Path) -> set[str]:
    unit = unit_of(path)
    imported = (units_imported_by(path) & {*FLOORS, *BESIDE}) - {unit}
    if unit in BESIDE:
        return imported
    return {n for n in imported if n in BESIDE or FLOORS[n] >= FLOORS[unit]}


def test_imports_go_down() -> None:
    wrong = {
        str(path.relative_to(ROOT)): names
        for path in FILES
        if (names := wrongly_imported_by(path))
    }

    assert wrong == {}


def test_the_lower_floors_have_no_clock_no_files_and_no_network() -> None:
    wrong = {}
    for path in FILES:
        if FLOORS.get(unit_of(path), 9) <= 1:
            roots = {name.split(".")[0] for name in imports_of(path)}
            if found := roots & PURE_FORBIDDEN:
                wrong[str(path.relative_to(ROOT))] = found

    assert wrong == {}


def test_sources_and_mapping_do_not_know_each_other() -> None:
    for path in FILES:
        pair = {"sources": "mapping", "mapping": "sources"}
        other = pair.get(unit_of(path))
        assert other not in units_imported_by(path)


def test_no_web_framework_is_imported() -> None:
    for path in FILES:
        roots = {name.split(".")[0].lower() for name in imports_of(path)}
        assert roots & FORBIDDEN_PACKAGES == set()


def test_files_are_small_enough_to_hold_in_mind() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in FILES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 250
    }
    assert long == {}


def test_functions_are_small_enough_to_hold_in_mind() -> None:
    long = []
    for path in FILES:
        if path.parent == MIGRATIONS:
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 45:
                    long.append(f"{path.relative_to(ROOT)}:{node.name} {lines}")
    assert long == []
