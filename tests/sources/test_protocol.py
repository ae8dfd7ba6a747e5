from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import pytest

from worker import sources
from worker.errors import BadSignature
from worker.sources import Source

from .fixture_files import CONNECTIONS, FOLDER, PATHS, SIGNED_AT, delivery, read_http

FUNCTIONS = ("verify", "read", "sign", "secret_problem")
MODULES = sorted(Path(sources.__path__[0]).glob("*.py"))


def test_the_sources_are_found_by_their_files() -> None:
    assert sources.names() == ["altur", "cora", "freeclimb", "vocobase"]


@pytest.mark.parametrize("name", ["_reader", "zendesk", "../cora", "__init__"])
def test_what_is_no_source_is_not_loaded(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        sources.load(name)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", sources.names())
def test_a_source_has_the_protocols_functions(name: str, function: str) -> None:
    offered = inspect.signature(getattr(sources.load(name), function))
    asked = inspect.signature(getattr(Source, function))
    _, *parameters = asked.parameters.values()

    assert list(offered.parameters.values()) == parameters
    assert offered.return_annotation == asked.return_annotation


@pytest.mark.parametrize("name", sources.names())
def test_a_source_offers_nothing_else(name: str) -> None:
    offered = {
        key
        for key, value in vars(sources.load(name)).items()
        if not key.startswith("_")
        and (inspect.isfunction(value) or key.isupper())
        and getattr(value, "__module__", None) != "worker.sources._reader"
    } - {"STRING", "UTC"}

    assert offered == {"EVENTS", "OPTIONS", *FUNCTIONS}


@pytest.mark.parametrize("name", sources.names())
def test_every_event_of_a_source_has_a_fixture(name: str) -> None:
    shown = {path.name.partition("__")[0] for path in FOLDER.glob(f"{name}/*.http")}

    assert set(sources.load(name).EVENTS) <= shown


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_source_imports_only_words_and_the_standard_library(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        imported = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [node.module or ""]
        for name in imported:
            allowed = ("worker.errors", "worker.model", "worker.sources")
            top = name.partition(".")[0]

            assert top in sys.stdlib_module_names or name.startswith(allowed)


@pytest.mark.parametrize("name", sources.names())
def test_what_a_source_signs_it_verifies(name: str) -> None:
    source, connection = sources.load(name), CONNECTIONS[name]
    body = '{"any": "bódy"}'.encode()
    sent = delivery(source.sign(body, connection, now=SIGNED_AT), body)

    source.verify(sent, connection, now=SIGNED_AT)
    with pytest.raises(BadSignature, match="does not match the body"):
        source.verify(delivery(sent.headers, body + b" x"), connection, now=SIGNED_AT)


@pytest.mark.parametrize(
    "path", PATHS, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_fixture_has_the_headers_that_its_source_signs(path: Path) -> None:
    name = path.parent.name
    _, _, headers, body = read_http(path)
    ours = delivery(
        sources.load(name).sign(body, CONNECTIONS[name], now=SIGNED_AT), b""
    )

    # An Altur fixture may be signed over its compact form.
    same = {k: v for k, v in ours.headers.items() if k != "x-altur-signature"}
    assert same.items() <= headers.items()
    assert ours.headers.keys() <= headers.keys()
