"""Lists of a payload. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.mapping.findings import did_you_mean
from worker.mapping.transforms.registry import Argument, list_of, text_of, transform


@transform(
    (["a", "b"], ", ", "a, b"),
    (["a", None, 2], "; ", "a; 2"),
    takes=("list",),
    gives="text",
    argument=Argument.TEXT,
)
def join(value: Any, separator: str) -> str:
    """A list as one text; nulls are left out."""
    items = [text_of(item) for item in list_of(value) if item is not None]
    return separator.join(items)


def check_turn_keys(keys: Mapping[str, str]) -> None:
    """Raise `ValueError` for another key than `speaker` and `text`."""
    for key in keys:
        if key not in ("speaker", "text"):
            hint = did_you_mean(key, ["speaker", "text"])
            raise ValueError(f"unknown key {key!r}{hint}: there are speaker and text")


@transform(
    (
        [{"role": "bot", "content": "Hello"}, {"role": "user", "content": "Hi"}],
        {"speaker": "role", "text": "content"},
        "bot: Hello\nuser: Hi",
    ),
    takes=("list",),
    gives="text",
    argument=Argument.TABLE,
    check=check_turn_keys,
)
def transcript(value: Any, keys: Mapping[str, str]) -> str:
    """A list of turns as lines of `speaker: text`; the argument names the two keys."""
    speaker, text = keys.get("speaker", "speaker"), keys.get("text", "text")
    return "\n".join(
        [
            f"{text_of(turn.get(speaker) or '?')}: {text_of(turn.get(text) or '')}"
            for turn in list_of(value)
            if isinstance(turn, dict)
        ]
    )


@transform((["a", "b"], 2), ([], 0), takes=("list",), gives="integer")
def count(value: Any) -> int:
    """How many items a list has."""
    return len(list_of(value))


@transform((["a", "b"], "a"), ([None, "b"], "b"), ([], None), takes=("list",))
def first(value: Any) -> Any:
    """The first item that is not null; null where there is none."""
    return next((item for item in list_of(value) if item is not None), None)


@transform((["a", "b"], "b"), (["a", None], "a"), ([], None), takes=("list",))
def last(value: Any) -> Any:
    """The last item that is not null; null where there is none."""
    return next((item for item in reversed(list_of(value)) if item is not None), None)


@transform(
    (["b", "a", "b"], ["b", "a"]),
    ([1, True, 1], [1, True]),
    takes=("list",),
    gives="list",
)
def unique(value: Any) -> list[Any]:
    """Each item once, in the order of the first ones; `count` or `join` may follow."""
    once: dict[tuple[type, str], Any] = {}
    for item in list_of(value):
        once.setdefault((type(item), text_of(item)), item)
    return [*once.values()]
