"""What is read from outside is read by the strict readers and by no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.test_floors import FILES, ROOT, imports_of
from worker import broker
from worker.servers import Server

STRICT_YAML = {"worker/mapping/strict_yaml.py", "worker/mapping/yaml_faults.py"}
# Each of them runs what it reads.
RUNNING = {"pickle", "marshal", "shelve", "dill", "xml", "lxml", "ctypes"}


def calls_of(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_yaml_is_read_by_the_strict_reader_alone() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in FILES
        if any(name.split(".")[0] == "yaml" for name in imports_of(path))
    }

    assert readers == STRICT_YAML


def test_no_yaml_is_constructed() -> None:
    called = [
        call
        for path in FILES
        if str(path.relative_to(ROOT)) in STRICT_YAML
        for call in calls_of(path.read_text(encoding="utf-8"))
        if call.startswith("yaml.")
    ]

    assert not [call for call in called if "load" in call or "construct" in call]


def test_nothing_that_is_read_is_run() -> None:
    for path in FILES:
        names = {name.split(".")[0] for name in imports_of(path)}
        called = set(calls_of(path.read_text(encoding="utf-8")))
        # The org's package is XML that we write, and read back by the standard parser.
        allowed = {"xml"} if "org_package" in path.parts else set()
        assert names & (RUNNING - allowed) == set(), path
        assert called & {"eval", "exec", "os.system", "os.popen"} == set(), path


@pytest.mark.parametrize(
    "setting", ["task_serializer", "result_serializer", "event_serializer"]
)
def test_tasks_travel_as_json_and_no_other_content_is_taken(setting: str) -> None:
    app = broker.make_app(lambda: (Server("redis://127.0.0.1:1/0"), 10))

    assert app.conf[setting] == "json"
    assert list(app.conf.accept_content) == ["json"]
