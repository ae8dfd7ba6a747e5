"""How a transform is registered: with its examples. Floor 1, pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Argument(StrEnum):
    """What kind of argument a transform takes."""

    NONE = "no argument"
    NUMBER = "a whole number"
    TEXT = "a text"
    TABLE = "a table of texts"
    PATH = "a path"


@dataclass(frozen=True, slots=True)
class Transform:
    """A registered transform. Each example is (value, argument, result)."""

    name: str
    run: Callable[..., Any]
    argument: Argument
    examples: tuple[tuple[Any, Any, Any], ...]


TRANSFORMS: dict[str, Transform] = {}

Function = Callable[..., Any]


def transform(
    *examples: tuple[Any, ...], argument: Argument = Argument.NONE
) -> Callable[[Function], Function]:
    """Register a transform with its examples: (value, result) or (value, arg, result).

    A function without an argument is called with the value alone.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        shaped = tuple(e if len(e) == 3 else (e[0], None, e[1]) for e in examples)
        TRANSFORMS[name] = Transform(name, function, argument, shaped)
        return function

    return register


def text_of(value: Any) -> str:
    """Return a value as text; booleans as JSON writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else str(value)
