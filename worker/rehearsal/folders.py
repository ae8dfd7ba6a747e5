"""Which test files belong to which mappings. Floor 4.

The tests of `cora/call.completed.yaml` are in `cora/call.completed.test.yaml` and,
where there are many, in `cora/call.completed__compliance.test.yaml` and the like.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from worker.errors import MappingFault
from worker.mapping_folder import TESTS

_SUFFIX = ".test.yaml"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Mapping files and test files, each once and in order."""

    mappings: dict[Path, None] = field(default_factory=dict)
    tests: dict[Path, None] = field(default_factory=dict)


def choose(paths: Iterable[Path]) -> Chosen:
    """Return what folders, mapping files and test files stand for.

    A mapping stands for its tests, and a test for its mapping, which need not be there.
    Raises `MappingFault`.
    """
    chosen = Chosen()
    for path in paths:
        if path.is_dir():
            found = sorted(path.rglob("*.yaml"))
            if not found:
                raise MappingFault(f"no mappings and no tests in {path}")
        elif path.is_file():
            found = [path] if path.match(TESTS) else [path, *tests_of(path)]
        else:
            raise MappingFault(f"{path} is not there")
        for file in found:
            if file.match(TESTS):
                chosen.tests[file] = None
                chosen.mappings[mapping_of(file)] = None
            else:
                chosen.mappings[file] = None
    return chosen


def mapping_of(test: Path) -> Path:
    """Return the mapping that a test file is of."""
    name = test.name.removesuffix(_SUFFIX).partition("__")[0]
    return test.with_name(f"{name}.yaml")


def tests_of(mapping: Path) -> list[Path]:
    """Return the test files of a mapping."""
    beside = mapping.parent.glob(f"*{_SUFFIX}")
    return sorted(path for path in beside if mapping_of(path) == mapping)
