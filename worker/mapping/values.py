"""One value: where from, through which transforms, to which choice. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.mapping.paths import ABSENT, Context, Getter, has_value, is_true

# A transform should raise `ValueError` alone; whatever arithmetic or look-up goes wrong
# in it besides must park one write too, and not more.
FAULTS = (ValueError, ArithmeticError, LookupError, TypeError)


class TransformRefused(ValueError):
    """A transform can make nothing of the value; the message names the transform."""


def refused(name: str, error: Exception) -> TransformRefused:
    """Return the refusal that names the transform."""
    is_said = isinstance(error, ValueError)
    return TransformRefused(f"{name}: {error if is_said else type(error).__name__}")


@dataclass(frozen=True, slots=True)
class Step:
    """A transform with its argument in place: fixed, read by `get`, or none."""

    name: str
    run: Callable[..., Any]
    fixed: tuple[Any, ...] = ()
    get: Getter | None = None

    def __call__(self, value: Any, context: Context) -> Any:
        """Return what the transform makes of a value. Raises `TransformRefused`."""
        try:
            if self.get is not None:
                return self.run(value, self.get(context))
            return self.run(value, *self.fixed)
        except FAULTS as error:
            raise refused(self.name, error) from None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a value is made. Exactly one of `getters`, `make` and `literal` gives it.

    `choices` is None where the value is not chosen from a table; `default` stands in
    where nothing was found, `otherwise` where the table does not have what was found.
    """

    getters: tuple[Getter, ...] = ()
    make: Callable[[Context], Any] | None = None
    literal: Any = ABSENT
    steps: tuple[Step, ...] = ()
    choices: Mapping[str, Any] | None = None
    otherwise: Any = ABSENT
    default: Any = ABSENT
    when: Getter | None = None


def compile_recipe(recipe: Recipe) -> Getter:
    """Return one function from context to value, with no more in it than is needed.

    The function raises `TransformRefused`.
    """
    take = _taker(recipe)
    for number, step in enumerate(recipe.steps):
        take = _with_step(take, step, is_first=number == 0)
    if recipe.choices is not None:
        take = _with_choice(take, recipe.choices, recipe.otherwise)
    if recipe.default is not ABSENT:
        take = _with_default(take, recipe.default)
    if recipe.when is not None:
        take = _with_condition(take, recipe.when)
    return take


def _taker(recipe: Recipe) -> Getter:
    if recipe.make is not None:
        return recipe.make
    if not recipe.getters:
        return lambda _context: recipe.literal
    if len(recipe.getters) == 1:
        return recipe.getters[0]
    return _first_of(recipe.getters)


def _first_of(getters: tuple[Getter, ...]) -> Getter:
    """Take the first that has a value; else the first that is there at all."""

    def take(context: Context) -> Any:
        fallback: Any = ABSENT
        for get in getters:
            value = get(context)
            if isinstance(value, str):
                if value and not value.isspace():
                    return value
            elif value is not None and value is not ABSENT:
                return value
            if fallback is ABSENT:
                fallback = value
        return fallback

    return take


def _with_step(inner: Getter, step: Step, *, is_first: bool) -> Getter:
    """A blank text has nothing to transform: if a vendor sent it, it counts as absent.

    What a transform before has made blank stays as it is.
    """
    name, run, get = step.name, step.run, step.get
    has_fixed = bool(step.fixed)
    fixed = step.fixed[0] if has_fixed else None

    def take(context: Context) -> Any:
        value = inner(context)
        if isinstance(value, str):
            if not value or value.isspace():
                return ABSENT if is_first else value
        elif value is None or value is ABSENT:
            return value
        try:
            if has_fixed:
                return run(value, fixed)
            return run(value) if get is None else run(value, get(context))
        except FAULTS as error:
            raise refused(name, error) from None

    return take


def _with_choice(inner: Getter, choices: Mapping[str, Any], otherwise: Any) -> Getter:
    """A blank text has nothing to choose by: it counts as absent."""

    def take(context: Context) -> Any:
        value = inner(context)
        if isinstance(value, str):
            if not value or value.isspace():
                return ABSENT
            return choices.get(value, otherwise)
        if value is None or value is ABSENT:
            return value
        return choices.get(_key(value), otherwise)

    return take


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _with_default(inner: Getter, default: Any) -> Getter:
    def take(context: Context) -> Any:
        value = inner(context)
        return value if has_value(value) else default

    return take


def _with_condition(inner: Getter, condition: Getter) -> Getter:
    def take(context: Context) -> Any:
        return inner(context) if is_true(condition(context)) else ABSENT

    return take
