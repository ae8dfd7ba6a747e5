"""That the reader of pages notices what is not so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.hunks import changed
from tests.docs.pages import sections
from tests.docs.reader import Reader, is_shown
from worker.mapping.grammar import POLICIES

MAPPING = """
```json payload
{"duration": 61500}
```

```yaml mapping
CallDurationInSeconds: {from: payload.duration, as: ms_to_seconds}
```
"""
FIELD = "CallDurationInSeconds: {from: payload.duration, as: TRANSFORM}"
ROW = f"""
| payload | mapping | record |
|---|---|---|
| `"duration": 61500` | `{FIELD}` | RECORD |
"""
HEADS = " | ".join(f"`{policy}`" for policy in POLICIES)
CELLS = dict.fromkeys(POLICIES, "not sent")
CELLS |= {"always": "CELL", "clear_on_null": "sent: empties the field"}
NOTHINGS = f"""
| the payload has | {HEADS} |
|---|---|---|---|---|---|---|
| `null` | {" | ".join(CELLS.values())} |
"""


def read(folder: Path, text: str) -> None:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    Reader(folder, list(sections(page))).read()


@pytest.mark.parametrize(
    "text",
    [
        f"{MAPPING}\n```yaml records\nCallDurationInSeconds: 62\n```\n",
        ROW.replace("TRANSFORM", "ms_to_seconds").replace("RECORD", "`62`"),
        NOTHINGS.replace("CELL", "not sent"),
        "```sh run\ncrm-sync check\n```\n```text output\n7 mappings ...\n...\n```\n",
        "```sh fails\ncrm-sync explain 7\n```\n",
    ],
)
def test_what_is_so_passes(text: str, tmp_path: Path) -> None:
    read(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        f"{MAPPING}\n```yaml records\nCallDurationInSeconds: 61\n```\n",
        f"{MAPPING}\n```yaml records\n{{}}\n```\n",
        f"{MAPPING}\n```yaml cases\n- {{name: a, expect: {{urgent: true}}}}\n```\n",
        f"{MAPPING}\n```yaml cases\n- {{name: a, expect: {{skip: test_call}}}}\n```\n",
        "```yaml mapping\nSubject: payload.sumary\n```\n",
        ROW.replace("TRANSFORM", "ms_to_seconds").replace("RECORD", "`61`"),
        ROW.replace("TRANSFORM", "ms_to_seconds").replace("RECORD", "not sent"),
        ROW.replace("TRANSFORM", "ms_to_seconds").replace("RECORD", "left out"),
        ROW.replace("TRANSFORM", "to_boolean").replace("RECORD", "`62`"),
        NOTHINGS.replace("CELL", "sent"),
        NOTHINGS.replace("CELL", "lost"),
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "```sh run\ncrm-sync explain 7\n```\n",
        "```sh fails\ncrm-sync check\n```\n",
        "```sh run\nrm -r mappings\n```\n",
        "```sh run\ncrm-sync check\n```\n```text output\n8 mappings ...\n```\n",
        "```yaml file mappings/cora/call.completed.yaml\nsource: cora\n```\n",
        "```diff mappings/cora/call.completed.yaml\n-version: 999\n+version: 9\n```\n",
        "```python\nprint()\n```\n",
        "```\nanything\n```\n",
    ],
)
def test_what_is_not_so_fails(text: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        read(tmp_path, text)

    assert "of the page" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("shown", "printed", "is_so"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("a\n...\nd\n", "a\nb\n", False),
        ("...\nb\n", "a\nb\n", True),
        ("a ... c (...)\n", "a b c (d)\n", True),
        ("a ... c\n", "a\nb c\n", False),
        ("1.5\n", "125\n", False),
    ],
)
def test_three_points_stand_for_anything(
    shown: str, printed: str, *, is_so: bool
) -> None:
    assert is_shown(shown, printed) is is_so


def test_a_change_is_made_where_its_lines_are() -> None:
    text = "a: 1\nb:\n  a: 1\n  c: 2\n"

    assert changed(text, "-a: 1\n+a: 2\n@@\n   a: 1\n+  d: 3\n") == (
        "a: 2\nb:\n  a: 1\n  d: 3\n  c: 2\n"
    )


@pytest.mark.parametrize("diff", ["-a: 9\n+a: 2\n", "-a\n+b\n", "*a: 1\n", " x\n+y\n"])
def test_a_change_of_lines_that_are_not_there_once_fails(diff: str) -> None:
    with pytest.raises(AssertionError):
        changed("a: 1\nx\nx\n", diff)
