"""What the vendors send: a JSON Schema of each event of each source. Floor 2.

`<source>/<event>.schema.json` (draft 2020-12) describes what a mapping of the event can
read: `payload`, `event` and `body`. It is the union of all known versions of the
vendor's payload. `x-known-values` are the documented values of a text to which the
vendor may add. What this software never gives, though the vendor sends it, is
`{"not": {}}` and says why. `examples` has the smallest whole body.

Facts: the vendors' webhook pages and SDKs, read 2026-08.
"""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

_FOLDER = files(__name__)
_SUFFIX = ".schema.json"


def events() -> list[tuple[str, str]]:
    """Return source and type of every event that has a schema, sorted."""
    return sorted(
        (folder.name, file.name.removesuffix(_SUFFIX))
        for folder in _FOLDER.iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(_SUFFIX)
    )


@cache
def load_payload_schema(source: str, event: str) -> dict[str, Any]:
    """Return the schema of an event, which is shared: leave it as it is.

    Raises `KeyError` where there is none.
    """
    if (source, event) not in events():
        raise KeyError(f"{source} {event}")
    text = (_FOLDER / source / f"{event}{_SUFFIX}").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def minimal_body(source: str, event: str) -> dict[str, Any]:
    """Return the smallest whole body of an event, for the caller to change.

    Raises `KeyError` where the event has no schema.
    """
    body: dict[str, Any] = load_payload_schema(source, event)["examples"][0]["body"]
    return deepcopy(body)


# The key of the body that holds what mappings call `payload`; None for the body itself.
_PAYLOAD_KEYS = {"cora": "payload", "vocobase": "data"}


def body_with(source: str, event: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a whole body with this payload, which may lack what every body has.

    Raises `KeyError` where the event has no schema.
    """
    body = minimal_body(source, event)
    key = _PAYLOAD_KEYS.get(source)
    return {**body, **payload} if key is None else {**body, key: body[key] | payload}
