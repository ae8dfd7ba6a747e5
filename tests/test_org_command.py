"""`crm-sync org`, against local orgs over HTTP."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.org_package.deployed import deploy
from tests.orgs import SCHEMA
from worker import bootstrap
from worker.cli.org import app
from worker.errors import CrmUnavailable, SettingsFault
from worker.localorg import LocalOrg
from worker.org_schema import load_schema

ROOT = Path(__file__).parents[1]
SYSTEM_FIELDS = {"Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp"}
# A Task takes no custom long text, so no package can bring these to an org.
LONG_TEXTS = {
    name
    for name, field in load_schema(SCHEMA).fields["Task"].items()
    if name.endswith("__c") and field["type"] == "textarea" and field["length"] > 255
}

NEW_FIELD = """\
source: cora
event: call.completed
version: 1
writes:
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields:
      Due__c: {from: payload.createdAt, as: to_date}
"""

Described = dict[str, Any]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project of its own, with the shipped mappings and snapshots."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    monkeypatch.chdir(tmp_path)
    bootstrap.settings.cache_clear()
    yield
    bootstrap.settings.cache_clear()


@contextmanager
def live_org(schema_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalOrg]:
    """An org with these objects, named by the settings."""
    with LocalOrg(schema_dir) as org:
        monkeypatch.setenv("SALESFORCE_DOMAIN", org.url)
        monkeypatch.setenv("SALESFORCE_CLIENT_ID", "local")
        monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", "local")
        bootstrap.settings.cache_clear()
        yield org


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalOrg]:
    """An org as the project's snapshots say."""
    with live_org(SCHEMA, monkeypatch) as org:
        yield org


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def lines(result: Result) -> list[str]:
    return result.stdout.splitlines()


def change(path: Path, how: Callable[[Described], None]) -> None:
    described = json.loads(path.read_bytes())
    how(described)
    path.write_text(json.dumps(described))


def poorer_org(folder: Path) -> Path:
    """The snapshots of an org without an object, some fields, and with narrow ones."""
    shutil.copytree(SCHEMA, folder)
    (folder / "Debt_Account__c.json").unlink()
    lacking = {"External_Call_Id__c", "Call_Outcomes__c", "Amount__c", "Answered_By__c"}

    def poorer_task(task: Described) -> None:
        task["fields"] = [f for f in task["fields"] if f["name"] not in lacking]
        fields = {field["name"]: field for field in task["fields"]}
        fields["WhatId"]["referenceTo"] = ["Account", "Case"]
        fields["Connection__c"]["length"] = 40
        fields["Right_Party__c"]["picklistValues"][1:] = [
            {"value": "The org's own", "label": "Own <&> ñ"}
        ]

    def poorer_promise(promise: Described) -> None:
        promise["fields"] = [
            f for f in promise["fields"] if f["name"] != "Debt_Account__c"
        ]
        (key,) = (f for f in promise["fields"] if f["name"] == "External_Id__c")
        key |= {"externalId": False, "idLookup": False, "unique": False}

    change(folder / "Task.json", poorer_task)
    change(folder / "Promise_To_Pay__c.json", poorer_promise)
    return folder


def test_an_org_with_all_that_the_mappings_need_is_clean(shipped: LocalOrg) -> None:
    result = run("check")

    assert result.exit_code == 0, result.output
    (line,) = lines(result)
    count = len(shipped.stats()["by_path"])
    assert line.startswith(
        f"the org has all that the mappings need: {count} objects with "
    )
    assert shipped.stats()["by_path"]["GET sobjects/Task/describe"] == 1
    assert shipped.stats()["api_requests"] == count


def test_what_the_org_lacks_is_packaged_and_after_deploying_nothing_is_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema_dir = poorer_org(tmp_path / "org")
    with live_org(schema_dir, monkeypatch):
        before = run("check")
        packaged = run("package")

    assert before.exit_code == 1
    found = [line.split(": ")[0] for line in lines(before)[:-1]]
    assert found == [
        "Debt_Account__c",
        "Promise_To_Pay__c.Debt_Account__c",
        "Promise_To_Pay__c.External_Id__c",
        "Promise_To_Pay__c.External_Id__c",
        "Task.Amount__c",
        "Task.Answered_By__c",
        "Task.Call_Outcomes__c",
        "Task.Connection__c",
        "Task.External_Call_Id__c",
        "Task.Right_Party__c",
        "Task.WhatId",
    ]
    assert lines(before)[-1].endswith(
        "the org lacks 11, of which 11 are mended by: crm-sync org package"
    )
    assert packaged.exit_code == 0, packaged.output
    assert "by hand" not in packaged.output
    assert "sf project deploy start --source-dir force-app" in packaged.output
    assert "sf org assign permset --name Crm_Sync" in packaged.output

    deploy(Path("build/org-package"), schema_dir)
    with live_org(schema_dir, monkeypatch) as org:
        after = run("check")
        again = run("package")
        assert org.stats()["by_path"]["GET sobjects/Task/describe"] == 2

    assert after.exit_code == 0, after.output
    assert lines(again)[:2] == [
        "permission set Crm_Sync",
        "build/org-package: 2 files",
    ]
    files = [p.name for p in Path("build/org-package").rglob("*.xml")]
    assert files == ["Crm_Sync.permissionset-meta.xml"]
    right_party = load_schema(schema_dir).fields["Task"]["Right_Party__c"]
    assert {value["value"] for value in right_party["picklistValues"]} == {
        "Right party",
        "Wrong party",
        "Wrong number",
        "The org's own",
    }


def test_an_empty_org_gets_all_but_the_long_texts_of_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema_dir = tmp_path / "org"
    schema_dir.mkdir()
    shutil.copy(SCHEMA / "Task.json", schema_dir)

    def only_standard(task: Described) -> None:
        task["fields"] = [f for f in task["fields"] if not f["name"].endswith("__c")]
        (what,) = (f for f in task["fields"] if f["name"] == "WhatId")
        what["referenceTo"] = ["Account", "Case"]

    change(schema_dir / "Task.json", only_standard)
    with live_org(schema_dir, monkeypatch):
        packaged = run("package")
    deploy(Path("build/org-package"), schema_dir)
    with live_org(schema_dir, monkeypatch):
        after = run("check")

    lacking = {line.split(": ")[0] for line in lines(after)[:-1]}
    assert lacking == {f"Task.{name}" for name in LONG_TEXTS}
    for name in LONG_TEXTS:
        assert f"Task.{name}: missing" in packaged.stdout.split("by hand:")[1]


def test_everything_is_packaged_without_an_org_to_ask() -> None:
    result = run("package", "--all", "--output", "everything")

    assert result.exit_code == 0, result.output
    names = {p.name.split(".")[0] for p in Path("everything").rglob("*.xml")}
    assert {"Debt_Account__c", "Promise_To_Pay__c", "External_Call_Id__c"} < names
    assert not names & (LONG_TEXTS | {"CallType", "Subject"})


def test_a_folder_with_other_things_is_refused() -> None:
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")

    result = run("package", "--all", "--output", "out")

    assert result.exit_code == 1
    assert "mine.txt" in result.stderr
    assert [p.name for p in Path("out").iterdir()] == ["mine.txt"]


def test_a_hidden_standard_field_is_a_matter_of_access(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema_dir = tmp_path / "org"
    shutil.copytree(SCHEMA, schema_dir)

    def without_call_type(task: Described) -> None:
        task["fields"] = [f for f in task["fields"] if f["name"] != "CallType"]

    change(schema_dir / "Task.json", without_call_type)
    with live_org(schema_dir, monkeypatch):
        checked, packaged = run("check"), run("package")

    (line, last) = lines(checked)
    assert line.startswith("Task.CallType: hidden from the integration user")
    assert "give read and edit access to the standard field" in line
    assert last.endswith("none of it is mended by crm-sync org package: see above")
    assert f"  {line}" in lines(packaged)


def test_a_check_as_json_has_each_gap_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_org(poorer_org(tmp_path / "org"), monkeypatch):
        result = run("check", "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["needed"]["objects"] >= 3
    assert found["needed"]["fields"] > 50
    gap = found["gaps"][0]
    assert (gap["object"], gap["field"], gap["kind"]) == (
        "Debt_Account__c",
        "",
        "object",
    )
    assert gap["is_packaged"] is True
    assert "org package" in gap["fix"]


def test_a_pull_says_of_every_object_what_the_org_says(shipped: LocalOrg) -> None:
    result = run("pull")

    assert result.exit_code == 0, result.output
    pulled, before = load_schema(Path("config/salesforce")), load_schema(SCHEMA)
    assert {*pulled.fields} == {*before.fields}
    for name, fields in before.fields.items():
        described = pulled.fields[name]
        assert {*described} - {*fields} == SYSTEM_FIELDS
        for field, entry in fields.items():
            assert described[field] == entry, (name, field)
        assert pulled.objects[name] == before.objects[name]
    assert shipped.stats()["api_requests"] == len(before.fields)
    assert "may be hidden" in result.stdout


def test_a_pull_repeated_changes_nothing(shipped: LocalOrg) -> None:
    run("pull", "Task")
    text = Path("config/salesforce/Task.json").read_bytes()

    result = run("pull", "Task")

    assert Path("config/salesforce/Task.json").read_bytes() == text
    count = len(load_schema(Path("config/salesforce")).fields["Task"])
    assert lines(result)[0] == f"config/salesforce/Task.json: {count} fields"
    assert not [line for line in lines(result) if line.startswith("  ")]


def test_a_pulled_snapshot_keeps_a_check_clean(shipped: LocalOrg) -> None:
    run("pull")

    assert run("check").exit_code == 0


def test_a_pull_says_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_org(poorer_org(tmp_path / "org"), monkeypatch):
        result = run("pull", "Task")

    said = [line.strip() for line in lines(result)]
    assert "gone, or hidden from the integration user: Amount__c" in said
    assert "changed: Connection__c: length 80 -> 40" in said
    assert (
        "changed: Right_Party__c: picklistValues +The org's own, -Wrong party,"
        " -Wrong number"
    ) in said
    assert "new: CreatedDate (datetime)" in said


def test_an_unknown_object_is_said_and_the_others_are_pulled(
    shipped: LocalOrg,
) -> None:
    before = Path("config/salesforce/Task.json").read_bytes()

    result = run("pull", "Debt_Acount__c", "Task", "../evil")

    assert result.exit_code == 1
    missing, evil = result.stderr.splitlines()
    assert "Debt_Acount__c: the org has no such object, or hides it" in missing
    assert "did you mean 'Debt_Account__c'?" in missing
    assert "give the integration user access" in missing
    assert "../evil: the org has no such object" in evil
    assert Path("config/salesforce/Task.json").read_bytes() != before
    assert {p.name for p in Path("config/salesforce").iterdir()} == {
        p.name for p in SCHEMA.iterdir()
    }


def test_a_broken_snapshot_is_mended_by_a_pull(shipped: LocalOrg) -> None:
    Path("config/salesforce/Task.json").write_text("{")

    result = run("pull", "Task")

    assert result.exit_code == 0
    assert "Subject" in load_schema(Path("config/salesforce")).fields["Task"]


def test_an_org_that_is_away_changes_no_snapshot(shipped: LocalOrg) -> None:
    before = Path("config/salesforce/Task.json").read_bytes()
    shipped.faults.add("unavailable")

    with pytest.raises(CrmUnavailable, match="503"):
        run("pull", "Task")

    assert Path("config/salesforce/Task.json").read_bytes() == before


@pytest.mark.parametrize("command", ["pull", "check", "package"])
def test_without_an_org_in_the_settings_each_says_what_to_set(command: str) -> None:
    with pytest.raises(SettingsFault, match="SALESFORCE_DOMAIN is not set"):
        run(command)


def test_a_field_in_no_snapshot_is_made_as_the_mappings_write_it() -> None:
    shutil.rmtree("mappings")
    Path("mappings/cora").mkdir(parents=True)
    Path("mappings/cora/call.completed.yaml").write_text(NEW_FIELD)

    result = run("package", "--all")

    assert result.exit_code == 0, result.output
    (path,) = Path("build/org-package").rglob("Due__c.field-meta.xml")
    assert path.parts[-3] == "Activity"
    assert "<type>Date</type>" in path.read_text("utf-8")


def test_all_that_is_needed_and_custom_is_in_the_permission_set() -> None:
    run("package", "--all")

    (path,) = Path("build/org-package").rglob("*.permissionset-meta.xml")
    text = path.read_text("utf-8")
    made = [
        p.name.split(".")[0]
        for p in Path("build/org-package").rglob("*.field-meta.xml")
    ]
    assert len(made) > 50
    assert text.count("<fieldPermissions>") == len(made)
    for name in made:
        assert f".{name}</field>" in text
