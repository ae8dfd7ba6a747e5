"""One value: where from, through which transforms, to which choice. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.mapping.paths import ABSENT, Context, Getter, has_value, is_true

Step = Callable[[Any, Context], Any]


class TransformRefused(ValueError):
    """A transform can make nothing of the value; the message names the transform."""


def guarded(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a transform whose refusal names it.

    A transform should raise `ValueError` alone; whatever arithmetic or look-up goes
    wrong in it besides must park one write too, and not more.
    """

    def step(*arguments: Any) -> Any:
        try:
            return run(*arguments)
        except ValueError as error:
            raise TransformRefused(f"{name}: {error}") from None
        except (ArithmeticError, LookupError, TypeError) as error:
            raise TransformRefused(f"{name}: {type(error).__name__}") from None

    return step


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
    if recipe.steps or recipe.choices is not None:
        take = _with_steps(take, recipe)
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
            if has_value(value):
                return value
            if fallback is ABSENT:
                fallback = value
        return fallback

    return take


def _with_steps(inner: Getter, recipe: Recipe) -> Getter:
    """A blank text has nothing to transform or to choose by: it counts as absent."""
    steps, choices, otherwise = recipe.steps, recipe.choices, recipe.otherwise

    def take(context: Context) -> Any:
        value = inner(context)
        if not has_value(value):
            return _nothing(value)
        for step in steps:
            value = step(value, context)
            if not has_value(value):
                break
        if choices is None:
            return value
        return (
            choices.get(_key(value), otherwise) if has_value(value) else _nothing(value)
        )

    return take


def _nothing(value: Any) -> Any:
    return None if value is None else ABSENT


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
