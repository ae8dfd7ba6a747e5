"""Whatever an admin writes, a file is read or refused with places to look at."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from worker.mapping.findings import BadMapping, Finding
from worker.mapping.mapping_set import compile_set
from worker.settings.connections import load_connections
from worker.settings.environment import Environment

from .running import fuzz

ROOT = Path(__file__).parents[2]
MAPPINGS = {
    str(path.relative_to(ROOT / "mappings")): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "mappings").rglob("*.yaml"))
    if not path.name.endswith(".test.yaml")
}
CONNECTIONS = (ROOT / "config" / "connections.yaml").read_text(encoding="utf-8")
LINES = sorted({line for text in MAPPINGS.values() for line in text.splitlines()})
PIECES = (
    *("a: b", "- x", "&a", "*a", "!!python/object:os.system", "!!binary x", "<<: *a"),
    *("---", "...", "%YAML 1.1", "? a", "[", "{", "]", "}", "|", ">-", "'", '"', "#"),
    *(
        "\t",
        "\x00",
        "\ufeff",
        "\x85",
        "\u2028",
        "\ud7ff",
        "0x1F",
        "payload.",
        "{payload",
    ),
    *("from: payload", "{from: a, as: b}", "when: a && b", "@.a[?b]", "`1`", "~", "="),
    *("[" * 60, "{a: " * 60, "- " * 60, "allow_from: 1.2.3.4/99", "timezone: ../x"),
    *("x" * 3000, "text: '{" * 30, "key: " * 3),
)
pieces = st.sampled_from(PIECES) | st.sampled_from(LINES) | st.text(max_size=12)


@st.composite
def mutated(draw: st.DrawFn, original: str) -> str:
    """A file with lines and words replaced, left out or added; or no such file."""
    if draw(st.integers(0, 9)) == 0:
        return "\n".join(draw(st.lists(pieces, max_size=12)))
    lines = original.splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1)) if lines else 0
        found = lines[at] if lines else ""
        indent = found[: len(found) - len(found.lstrip())]
        word = draw(pieces)
        match draw(st.integers(0, 3)):
            case 0:
                lines[at : at + 1] = []
            case 1:
                lines.insert(at, indent + word)
            case 2:
                head, colon, _ = found.partition(": ")
                lines[at : at + 1] = [f"{head}{colon}{word}"]
            case _:
                cut = draw(st.integers(0, len(found)))
                lines[at : at + 1] = [found[:cut] + word + found[cut:]]
    return "\n".join(lines)


files = st.sampled_from(sorted(MAPPINGS)).flatmap(
    lambda name: st.tuples(st.just(name), mutated(MAPPINGS[name]))
)


@fuzz("mapping loader", 0.1, files)
def test_a_mapping_is_loaded_or_refused_with_places(file: tuple[str, str]) -> None:
    name, text = file
    for finding in findings_of(name, text):
        assert finding.path == name
        assert finding.line >= 1
        assert finding.column >= 1


def findings_of(name: str, text: str) -> tuple[Finding, ...]:
    try:
        compile_set({name: text})
    except BadMapping as bad:
        return bad.findings
    return ()


@fuzz("connections loader", 0.04, mutated(CONNECTIONS))
def test_connections_are_loaded_or_every_fault_is_noted(text: str) -> None:
    class File:
        def read_text(self, encoding: str) -> str:
            return text

        def __str__(self) -> str:
            return "connections.yaml"

    environment = Environment({})
    load_connections(File(), environment, with_secrets=False)  # type: ignore[arg-type]

    assert all(fault.startswith("connections.yaml:") for fault in environment.faults), (
        environment.faults
    )
