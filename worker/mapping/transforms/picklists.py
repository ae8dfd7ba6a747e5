"""Values of picklists out of flags and tags. Floor 1, pure.

Salesforce writes the values of a multi-select picklist with `;` between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.mapping.transforms.registry import Argument, object_of, text_of, transform


def check_labels(labels: Mapping[str, str]) -> None:
    """Raise `ValueError` for a label that would be two values of a multi-select."""
    for label in labels.values():
        if ";" in label:
            raise ValueError(f"{label!r}: a multi-select value holds no ';'")


@transform(
    ({"dispute": True, "fraud": False}, {"dispute": "Dispute"}, "Dispute"),
    ({"a": True, "b": True}, {"b": "B", "a": "A"}, "B;A"),
    ({"a": False}, {"a": "A"}, ""),
    takes=("object",),
    gives="text",
    argument=Argument.TABLE,
    labels=True,
    several=True,
    check=check_labels,
)
def flags(value: Any, labels: Mapping[str, str]) -> str:
    """A multi-select value: the labels of the keys that are true, in the labels' order.

    No key true gives an empty text.
    """
    given = object_of(value)
    return ";".join([lab for key, lab in labels.items() if given.get(key) is True])


@transform(
    ({"a": True, "b": True}, {"b": "B", "a": "A"}, "B"),
    ({"a": False}, {"a": "A"}, None),
    takes=("object",),
    gives="text",
    argument=Argument.TABLE,
    labels=True,
)
def first_flag(value: Any, labels: Mapping[str, str]) -> str | None:
    """The label of the first key that is true, in the labels' order; else null."""
    given = object_of(value)
    for key, label in labels.items():
        if given.get(key) is True:
            return label
    return None


@transform(
    (["callback", "callback", None, "dispute"], "callback;dispute"),
    (["wait; call"], "wait, call"),
    ("callback", "callback"),
    takes=("list", "text"),
    gives="text",
)
def multi_select(value: Any) -> str:
    """A list of texts as a multi-select value, each once, as the vendor writes them.

    A `;` inside one becomes a comma. For a picklist that is restricted to its values
    there is `multi_select_of`.
    """
    items = (text_of(item).strip() for item in _items(value) if item is not None)
    once = dict.fromkeys(item.replace(";", ",") for item in items if item)
    return ";".join(once)


@transform(
    (
        ["payment_promise", "angry"],
        {"dispute": "Dispute", "payment_promise": "Promise"},
        "Promise",
    ),
    (["b", "a"], {"a": "A", "b": "B"}, "A;B"),
    (["angry"], {"dispute": "Dispute"}, ""),
    takes=("list", "text"),
    gives="text",
    argument=Argument.TABLE,
    labels=True,
    several=True,
    check=check_labels,
)
def multi_select_of(value: Any, labels: Mapping[str, str]) -> str:
    """A multi-select value: the labels of the texts in a list, in the labels' order.

    A text that the table does not have is left out; none of them gives an empty text.
    """
    given = {text_of(item) for item in _items(value)}
    return ";".join(dict.fromkeys(labels[key] for key in labels if key in given))


def _items(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ValueError("neither a list nor a text")
    return value
