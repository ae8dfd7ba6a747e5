"""Objects of a payload as one text. Floor 1, pure."""

from __future__ import annotations

from typing import Any

from worker.mapping.transforms.registry import object_of, text_of, transform


@transform(
    ({"Amount": "1200", "When": None}, "Amount: 1200"),
    ({"plan": {"open": True}}, 'plan: {"open": true}'),
    takes=("object",),
    gives="text",
)
def pairs(value: Any) -> str:
    """An object as lines of `key: value`; keys with null are left out."""
    return "\n".join(
        [
            # Most are flags.
            f"{key}: true"
            if item is True
            else f"{key}: {item if isinstance(item, str) else text_of(item)}"
            for key, item in object_of(value).items()
            if item is not None
        ]
    )
