"""Reading the mappings folder. Floor 2; the mapping language itself knows no files."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

from worker import sources
from worker.errors import MappingFault
from worker.mapping.findings import BadMapping, Finding, did_you_mean
from worker.mapping.mapping_set import MappingSet, read_set
from worker.mapping.spec import MappingSpec

LOOK_SECONDS = 1.0
STILL_SECONDS = 1.0
TESTS = "*.test.yaml"

Check = Callable[[MappingSet], Iterable[Finding]]

log = logging.getLogger(__name__)


def no_check(_mappings: MappingSet) -> Iterable[Finding]:
    """Find nothing: for those who only read what was checked elsewhere."""
    return ()


def load_mappings(folder: Path, check: Check = no_check) -> MappingSet:
    """Return every mapping below the folder. Raises `MappingFault`.

    Raises `BadMapping` with the findings of all files, those of `check` among them.
    """
    mappings, findings = read_mappings(mapping_files(folder), check)
    if findings:
        raise BadMapping(findings)
    return mappings


def mapping_files(folder: Path) -> list[Path]:
    """Return the mapping files below a folder, without tests. Raises `MappingFault`."""
    paths = sorted(path for path in folder.glob("*/*.yaml") if not path.match(TESTS))
    if not paths:
        raise MappingFault(
            f"no mappings in {folder}: start in the project's folder,"
            " or set MAPPINGS_DIR"
        )
    return paths


def read_mappings(
    paths: Iterable[Path], check: Check
) -> tuple[MappingSet, list[Finding]]:
    """Return the mappings of these files that can be read, and all findings."""
    read = {str(path): read_text(path) for path in paths}
    mappings, findings = read_set(
        {path: text for path, text in read.items() if isinstance(text, str)}
    )
    findings.extend(found for found in read.values() if isinstance(found, Finding))
    specs = [mapping.spec for mapping in mappings.mappings.values()]
    misnamed = [finding for spec in specs for finding in _misnamed(spec)]
    paths_misnamed = {finding.path for finding in misnamed}
    findings = [
        *misnamed,  # Such a file is not also in the wrong place.
        *(f for f in findings if f.kind != "misplaced" or f.path not in paths_misnamed),
    ]
    findings.extend(check(mappings))
    return mappings, sorted(findings)


def read_text(path: Path) -> str | Finding:
    """Return what is in a file or, where it cannot be read, what is wrong with it."""
    if path.exists() and not path.is_file():
        return Finding(str(path), 1, 1, "this is no file", "yaml")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        message = "this is not UTF-8: save the file as UTF-8"
        return Finding(str(path), line, column, message, "yaml")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        return Finding(str(path), 1, 1, message, "yaml")


def strays(folder: Path) -> list[Finding]:
    """Return a finding for each file below a folder that looks like a mapping only."""
    used = set(folder.glob("*/*.yaml"))
    found = sorted(path for path in folder.rglob("*.y*ml") if path not in used)
    message = "this file is not used: a mapping is in VENDOR/EVENT.yaml"
    return [Finding(str(path), 1, 1, message, "misplaced") for path in found]


def _misnamed(spec: MappingSpec) -> list[Finding]:
    """A mapping of what no vendor sends would never be used."""
    known = sources.names()
    if spec.source not in known:
        message = f"no source {spec.source!r}{did_you_mean(spec.source, known)}"
        return [spec.source_place.finding(message, "unknown_event")]
    events = list(sources.load(spec.source).EVENTS)
    if spec.event not in events:
        hint = did_you_mean(spec.event, events)
        message = f"{spec.source} sends no {spec.event!r} that can be mapped{hint}"
        return [spec.event_place.finding(message, "unknown_event")]
    return []


class LiveMappings:
    """The mappings of a folder, as they are now: a change needs no restart.

    The folder is looked at no oftener than each second. It is read anew, whole, once no
    file of it was written for a second, since an editor may be half through saving.
    With findings in it the last good mappings stay, and the log says so.
    `clock_seconds` gives the seconds since 1970, as file times are. `snapshots` is the
    folder of what `check` goes by besides: what changes there may mend a finding.
    """

    def __init__(
        self,
        folder: Path,
        clock_seconds: Callable[[], float],
        check: Check = no_check,
        snapshots: Path | None = None,
    ) -> None:
        self._folder = folder
        self._snapshots = snapshots
        self._clock_seconds = clock_seconds
        self._check = check
        self._lock = threading.Lock()
        self._loaded = self._files()
        self._current = load_mappings(folder, check)
        self._looked_at = clock_seconds()

    def current(self) -> MappingSet:
        """Return the newest mappings without findings."""
        # A clock that was set back must not stop the looking.
        is_time = abs(self._clock_seconds() - self._looked_at) >= LOOK_SECONDS
        if is_time and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._current

    def _look(self) -> None:
        self._looked_at = self._clock_seconds()
        files = self._files()
        newest = max((written_at for _, written_at, _ in files), default=0.0)
        is_being_written = 0 <= self._looked_at - newest < STILL_SECONDS
        if files == self._loaded or is_being_written:
            return
        try:
            self._current = load_mappings(self._folder, self._check)
        except MappingFault as fault:
            self._loaded = files
            log.error("the changed mappings are not used, the last good ones stay:")
            for line in str(fault).splitlines():
                log.error("%s", line)
        else:
            self._loaded = files
            log.info("the changed mappings are used from now on")

    def _files(self) -> frozenset[tuple[str, float, int]]:
        mappings = (p for p in self._folder.glob("*/*.yaml") if not p.match(TESTS))
        snapshots = self._snapshots.glob("*.json") if self._snapshots else ()
        return _stamps(chain(mappings, snapshots))


def _stamps(paths: Iterable[Path]) -> frozenset[tuple[str, float, int]]:
    """Return path, time of writing and size of each file: a change changes them."""
    found = set()
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # It vanished between the two: the next look sees it gone.
        found.add((str(path), status.st_mtime, status.st_size))
    return frozenset(found)
