"""The same mapping in Segment's mapping kit, under Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cases import ROOT, Case
from bench.segment_mapping import SegmentMapping, segment_mapping
from worker.model import Plan, Write

FOLDER = ROOT / "bench" / "segment"
CACHE = ROOT / ".crm-sync" / "bench-segment"
FILES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_TIMEOUT_SECONDS = 300
RUN_TIMEOUT_SECONDS = 120
REPEATS, REPEAT_SECONDS = 41, 0.02


class NoSegment(Exception):
    """Segment cannot be measured here; the text says why, in a few words."""


@dataclass(frozen=True, slots=True)
class SegmentTimes:
    """Microseconds for one event: of each round, called by itself and in a batch."""

    node: str
    single: list[float]
    batch: list[float]
    batch_of: int
    fields: int


def package_version() -> str:
    """Return the version of Segment's package that is measured."""
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    version: str = package["dependencies"]["@segment/actions-core"]
    return version


def install() -> Path:
    """Return the folder with Segment's package, after installing it the first time.

    Raises `NoSegment` without Node and npm, or where npm cannot reach its registry.
    """
    if not shutil.which("node") or not shutil.which("npm"):
        raise NoSegment("there is no node and npm here")
    modules = CACHE / "node_modules"
    lock = (FOLDER / "package-lock.json").read_bytes()
    installed = CACHE / "installed.json"
    if installed.exists() and installed.read_bytes() == lock:
        return modules
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(FOLDER / name, CACHE / name)
    _run(["npm", "ci"], INSTALL_TIMEOUT_SECONDS, "npm ci")
    installed.write_bytes(lock)
    return modules


def time_segment(case: Case, plan: Plan) -> SegmentTimes:
    """Measure Segment on a case whose plain fields have to be those of this plan.

    Raises `NoSegment`.
    """
    modules = install()
    made = segment_mapping(case.text)
    asked = {
        "mapping": made.mapping,
        "context": case.context,
        "repeats": REPEATS,
        "seconds": REPEAT_SECONDS,
    }
    answer = json.loads(
        _run(
            ["node", str(FOLDER / "map.js")],
            RUN_TIMEOUT_SECONDS,
            "node",
            given=json.dumps(asked),
            NODE_PATH=str(modules),
        )
    )
    if differing := differences(made, answer["result"], plan):
        raise NoSegment(f"its result differs in {', '.join(differing)}")
    batch_of = answer["batchOf"]
    batch = [microseconds / batch_of for microseconds in answer["batch"]]
    return SegmentTimes(answer["node"], answer["single"], batch, batch_of, made.fields)


def differences(made: SegmentMapping, result: dict[str, Any], plan: Plan) -> list[str]:
    """Return the plain fields in which Segment's result is not what the plan has.

    The plan has to have all writes of the mapping.
    """
    found = []
    for number, name in made.plain:
        write = plan.writes[int(number)]
        ours = write.fields.get(name) if isinstance(write, Write) else None
        theirs = result[number]["fields"].get(name)
        if json.dumps(theirs) != json.dumps(ours):  # 1 is not true, but equal to it
            found.append(f"{write.object}.{name}")
    return found


def _run(
    command: list[str],
    timeout_seconds: int,
    what: str,
    given: str = "",
    **variables: str,
) -> str:
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            cwd=CACHE,
            env=os.environ | variables,
            timeout=timeout_seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSegment(f"{what}: {type(error).__name__}") from None
    if done.returncode:
        raise NoSegment(f"{what} failed, as offline (exit code {done.returncode})")
    return done.stdout
