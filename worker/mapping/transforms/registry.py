"""How a transform is registered: with its examples. Floor 1, pure."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

KINDS = (
    "boolean",
    "integer",
    "number",
    "text",
    "date",
    "datetime",
    "list",
    "object",
    "any",
)
_SORT = {"integer": "number", "date": "text", "datetime": "text"}
GROUPS = {
    "numbers": "numbers and money",
    "money": "numbers and money",
    "yes_or_no": "yes and no",
    "dates": "dates",
    "zones": "dates",
    "written_dates": "dates",
    "business_days": "dates",
    "phones": "phones",
    "texts": "texts",
    "free_text": "texts",
    "lists": "lists and objects",
    "objects": "lists and objects",
    "picklists": "lists and objects",
}


class Argument(StrEnum):
    """What kind of argument a transform takes."""

    NONE = "no argument"
    NUMBER = "a whole number"
    TEXT = "a text"
    TABLE = "a table of texts"
    PATH = "a path"


@dataclass(frozen=True, slots=True)
class Transform:
    """A registered transform. Each example is (value, argument, result).

    `takes` and `gives` are of `KINDS`; a date and a datetime are texts of JSON.
    `bounds`: no result is longer than the number argument. `labels`: every result is
    made of the table argument's values, and where `several`, joined by `;`.
    `results` are the only texts that it gives, where they are few.
    `check` raises `ValueError` for an argument that no value could be used with.
    """

    name: str
    run: Callable[..., Any]
    argument: Argument
    examples: tuple[tuple[Any, Any, Any], ...]
    takes: tuple[str, ...] = ("any",)
    gives: str = "any"
    description: str = ""
    group: str = ""
    bounds: bool = False
    labels: bool = False
    several: bool = False
    results: tuple[str, ...] = ()
    check: Callable[[Any], object] | None = None

    def accepts(self, kind: str) -> bool:
        """Return whether some value of that kind can be taken."""
        if kind == "any" or "any" in self.takes:
            return True
        sorts = {_SORT.get(taken, taken) for taken in self.takes}
        return _SORT.get(kind, kind) in sorts

    def argument_fault(self, argument: Any) -> str | None:
        """Return why an argument of the right kind is still of no use, or None.

        The reason may quote the argument, which is the mapping's and no payload's.
        """
        if self.check is None:
            return None
        try:
            self.check(argument)
        except ValueError as error:
            return str(error)
        return None


TRANSFORMS: dict[str, Transform] = {}

Function = Callable[..., Any]


def transform(
    *examples: tuple[Any, ...],
    takes: tuple[str, ...] = ("any",),
    gives: str = "any",
    argument: Argument = Argument.NONE,
    bounds: bool = False,
    labels: bool = False,
    several: bool = False,
    results: tuple[str, ...] = (),
    check: Callable[[Any], object] | None = None,
) -> Callable[[Function], Function]:
    """Register a transform with its examples: (value, result) or (value, arg, result).

    A function without an argument is called with the value alone.
    """

    def register(function: Function) -> Function:
        module = function.__module__.rpartition(".")[2]
        TRANSFORMS[function.__name__] = Transform(
            name=function.__name__,
            run=function,
            argument=argument,
            examples=tuple(e if len(e) == 3 else (e[0], None, e[1]) for e in examples),
            takes=takes,
            gives=gives,
            description=inspect.cleandoc(function.__doc__ or ""),
            group=GROUPS.get(module, module),
            bounds=bounds,
            labels=labels,
            several=several,
            results=results,
            check=check,
        )
        return function

    return register


def text_of(value: Any) -> str:
    """Return a value as text; booleans as JSON writes them.

    Raises `ValueError` for what is nested too deeply to be written.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        try:
            return json.dumps(value, ensure_ascii=False)
        except RecursionError:
            raise ValueError("nested too deeply") from None
    return str(value)


def list_of(value: Any) -> list[Any]:
    """Return the value, which has to be a list. Raises `ValueError`."""
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value


def object_of(value: Any) -> dict[str, Any]:
    """Return the value, which has to be an object. Raises `ValueError`."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value
