"""Text templates: `Cora call, {payload.direction|title}`. Floor 1, pure.

`{path}` takes a value, `|name` or `|name:argument` sends it through a transform,
`|default:text` stands in where there is none. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from worker.mapping.findings import did_you_mean
from worker.mapping.nodes import whole_number
from worker.mapping.paths import ABSENT, Context, Getter, compile_path
from worker.mapping.transforms import TRANSFORMS, Argument, Transform
from worker.mapping.transforms.registry import text_of
from worker.mapping.values import Recipe, Step, compile_recipe

# A bar before a lone name is ours; other bars are JMESPath's own.
_STEP = re.compile(r"(?<!\|)\|(?=\s*[a-z_][a-z0-9_]*\s*(?:[:|]|\Z))")
_PART = re.compile(r"(\{\{|\}\}|\{[^{}]*\}|[{}])")


@dataclass(frozen=True, slots=True)
class Slot:
    """One `{...}` of a template. `calls` are its transforms by name, with arguments."""

    path: str
    take: Getter
    calls: tuple[tuple[str, Any], ...]
    default: str | None

    def render(self, context: Context) -> str | None:
        """Return the text of this slot, or None where there is no value."""
        value = self.take(context)
        if isinstance(value, str):
            return self.default if not value or value.isspace() else value
        if value is None or value is ABSENT:
            return self.default
        return text_of(value)


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template. `paths` are the ones it reads, in order."""

    parts: tuple[str | Slot, ...]
    paths: tuple[str, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The `{...}` of the template, in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    def render(self, context: Context) -> Any:
        """Return the text; `ABSENT` where it has slots and every one of them is empty.

        A slot without a value and a default is an empty text.
        """
        texts = []
        found = not self.paths
        for part in self.parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            text = part.render(context)
            if text is not None:
                found = True
                texts.append(text)
        return "".join(texts) if found else ABSENT

    def render_key(self, context: Context) -> Any:
        """Return the text, or `ABSENT` where any slot is empty: a key has no holes."""
        texts = []
        for part in self.parts:
            text = part if isinstance(part, str) else part.render(context)
            if text is None:
                return ABSENT
            texts.append(text)
        return "".join(texts)


def compile_template(text: str) -> Template:
    """Return the compiled template. Raises `ValueError` with the reason."""
    parts: list[str | Slot] = []
    for piece in _PART.split(text):
        if piece in ("{", "}"):
            raise ValueError(f"a lone {piece!r}: write it twice for a brace")
        if piece in ("{{", "}}"):
            parts.append(piece[0])
        elif piece.startswith("{"):
            parts.append(_slot(piece[1:-1]))
        elif piece:
            parts.append(piece)
    paths = tuple(part.path for part in parts if isinstance(part, Slot))
    return Template(tuple(parts), paths)


def _slot(inside: str) -> Slot:
    path, *written = _STEP.split(inside)
    default: str | None = None
    steps: list[Step] = []
    calls: list[tuple[str, Any]] = []
    for call in written:
        name, has_argument, argument = call.lstrip().partition(":")
        name = name.rstrip()
        if name == "default":
            default = argument
        else:
            given = argument if has_argument else None
            steps.append(_step(name, given))
            calls.append((name, given))
    getter = compile_path(path.strip())
    take = compile_recipe(Recipe(getters=(getter,), steps=tuple(steps)))
    return Slot(path.strip(), take, tuple(calls), default)


def _step(name: str, argument: str | None) -> Step:
    known = TRANSFORMS.get(name)
    if known is None:
        raise ValueError(f"no transform {name!r}{did_you_mean(name, [*TRANSFORMS])}")
    if known.argument is Argument.NONE and argument is None:
        return Step(name, known.run)
    if known.argument is Argument.TEXT and argument is not None:
        _refuse_fault(known, argument)
        return Step(name, known.run, (argument,))
    if known.argument is Argument.NUMBER and argument is not None:
        number = whole_number(argument.strip())
        if number is None:
            raise ValueError(f"{name!r} takes a whole number")
        _refuse_fault(known, number)
        return Step(name, known.run, (number,))
    raise ValueError(f"{name!r} takes {known.argument.value} and is not for templates")


def _refuse_fault(known: Transform, argument: Any) -> None:
    fault = known.argument_fault(argument)
    if fault:
        raise ValueError(f"{known.name!r}: {fault}")
