"""A changed mappings folder is used without a restart, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.delivery.harness import ROOT
from worker.errors import MappingFault
from worker.mapping_folder import LiveMappings, load_mappings

MAPPING = """source: {source}
event: {event}
version: {version}
writes:
  - object: Task
    key: {{External_Call_Id__c: event.call_id}}
    fields: {{Subject: {{value: Call}}}}
"""


class Folder:
    """A mappings folder and a clock, both in the test's hands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = 1000.0
        self.write(version="1")
        self.live = LiveMappings(path, lambda: self.now)

    def write(self, text: str = MAPPING, version: str = "1") -> None:
        file = self.path / "cora" / "call.completed.yaml"
        file.parent.mkdir(exist_ok=True)
        made = text.format(source="cora", event="call.completed", version=version)
        file.write_text(made, encoding="utf-8")
        os.utime(file, (self.now, self.now))

    def version(self, *, after_seconds: float = 0) -> str:
        self.now += after_seconds
        found = self.live.current().find("cora", "call.completed")
        assert found is not None
        return found.spec.version


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_first_call_after_a_change_uses_it(folder: Folder) -> None:
    folder.now += 100
    folder.write(version="2")

    assert folder.version(after_seconds=600) == "2"


def test_a_file_that_is_still_being_written_is_left_alone(folder: Folder) -> None:
    folder.now += 100
    folder.write(version="2")
    assert folder.version(after_seconds=0.9) == "1"
    folder.write(version="3")
    assert folder.version(after_seconds=0.9) == "1"

    assert folder.version(after_seconds=1) == "3"


def test_a_clock_that_was_set_back_does_not_stop_the_looking(folder: Folder) -> None:
    folder.now += 100
    folder.write(version="2")
    folder.now -= 500

    assert folder.version() == "2"


def test_a_mapping_that_is_taken_out_is_used_no_more(folder: Folder) -> None:
    folder.write(MAPPING.replace("{event}", "payment.failed"))
    wrong = folder.path / "cora" / "call.completed.yaml"
    wrong.rename(folder.path / "cora" / "payment.failed.yaml")
    folder.now += 100

    assert folder.live.current().find("cora", "call.completed") is None


def test_with_a_finding_the_last_good_mappings_stay_and_the_log_says_so(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.now += 100
    folder.write(MAPPING.replace("fields", "feilds"), version="2")

    versions = [folder.version(after_seconds=1) for _ in range(4)]

    assert versions == ["1"] * 4
    errors = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert errors[0] == "the changed mappings are not used, the last good ones stay:"
    assert any("unknown key 'feilds' (did you mean 'fields'?)" in e for e in errors)
    assert len(errors) == 2  # said once, not at every look


def test_a_mended_mapping_is_used_again(folder: Folder) -> None:
    folder.now += 100
    folder.write("not: a mapping", version="2")
    assert folder.version(after_seconds=1) == "1"

    folder.write(version="3")

    assert folder.version(after_seconds=1) == "3"


def test_a_start_with_a_finding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cora").mkdir()
    (tmp_path / "cora" / "call.completed.yaml").write_text("x: y", encoding="utf-8")

    with pytest.raises(MappingFault, match="unknown key 'x'"):
        LiveMappings(tmp_path, lambda: 0.0)


@pytest.mark.parametrize(
    ("source", "event", "said"),
    [
        ("corra", "call.completed", r"no source 'corra' \(did you mean 'cora'\?\)"),
        ("cora", "call.complete", r"\(did you mean 'call.completed'\?\)"),
    ],
)
def test_a_mapping_of_what_no_vendor_sends_is_refused(
    tmp_path: Path, source: str, event: str, said: str
) -> None:
    (tmp_path / source).mkdir()
    text = MAPPING.format(source=source, event=event, version="1")
    (tmp_path / source / f"{event}.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(MappingFault, match=said):
        load_mappings(tmp_path)


def test_a_folder_without_mappings_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MappingFault, match="set MAPPINGS_DIR"):
        load_mappings(tmp_path)


def test_the_default_mappings_have_no_findings() -> None:
    assert len(load_mappings(ROOT / "mappings").mappings) == 7


def test_a_snapshot_that_changes_has_the_mappings_checked_again(
    tmp_path: Path,
) -> None:
    mappings, snapshots = tmp_path / "mappings", tmp_path / "salesforce"
    mappings.mkdir()
    snapshots.mkdir()
    folder = Folder(mappings)
    clock = lambda: folder.now  # noqa: E731
    checked = []
    live = LiveMappings(
        mappings, clock, lambda found: checked.append(found) or (), snapshots=snapshots
    )
    first = live.current()

    folder.now += 100
    (snapshots / "Task.json").write_text("{}", encoding="utf-8")
    os.utime(snapshots / "Task.json", (folder.now, folder.now))
    folder.now += 100

    assert live.current() is not first
    assert len(checked) == 2
