"""Objects and lists of a payload as one text. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.mapping.transforms.registry import Argument, text_of, transform


@transform(
    ({"dispute": True, "fraud": False}, {"dispute": "Dispute"}, "Dispute"),
    ({"a": True, "b": True}, {"b": "B", "a": "A"}, "B;A"),
    argument=Argument.TABLE,
)
def flags(value: Any, labels: Mapping[str, str]) -> str:
    """A multi-select value: the labels of the keys that are true, in the labels' order.

    No key true gives an empty text.
    """
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return ";".join(label for key, label in labels.items() if value.get(key) is True)


@transform(
    ({"a": True, "b": True}, {"b": "B", "a": "A"}, "B"),
    ({"a": False}, {"a": "A"}, None),
    argument=Argument.TABLE,
)
def first_flag(value: Any, labels: Mapping[str, str]) -> str | None:
    """The label of the first key that is true, in the labels' order; else null."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return next((lab for key, lab in labels.items() if value.get(key) is True), None)


@transform(({"Amount": "1200", "When": None}, "Amount: 1200"))
def pairs(value: Any) -> str:
    """An object as lines of `key: value`; keys with null are left out."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    present = ((k, v) for k, v in value.items() if v is not None)
    return "\n".join(f"{key}: {text_of(item)}" for key, item in present)


@transform(
    (
        [{"role": "bot", "content": "Hello"}, {"role": "user", "content": "Hi"}],
        {"speaker": "role", "text": "content"},
        "bot: Hello\nuser: Hi",
    ),
    argument=Argument.TABLE,
)
def transcript(value: Any, keys: Mapping[str, str]) -> str:
    """A list of turns as lines of `speaker: text`; the argument names the two keys."""
    if not isinstance(value, list):
        raise ValueError("not a list")
    speaker, text = keys.get("speaker", "speaker"), keys.get("text", "text")
    turns = (turn for turn in value if isinstance(turn, dict))
    return "\n".join(
        f"{text_of(turn.get(speaker) or '?')}: {text_of(turn.get(text) or '')}"
        for turn in turns
    )
