"""The ways that a value can come about, and which of them a context takes. Floor 1.

Nothing is worked out anew here: a value is evaluated as always, with its fixed values
and paths marked, and the mark that comes out says which way was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from worker.mapping.paths import ABSENT, Context, Getter, has_value, is_true
from worker.mapping.spec import PathSpec, StepSpec, ValueSpec
from worker.mapping.strict_yaml import Place
from worker.mapping.template import Slot
from worker.mapping.values import Recipe, compile_recipe


@dataclass(frozen=True, slots=True)
class Branch:
    """One way: `what` is `done` where it is taken, as in "choose a" is "taken"."""

    place: Place
    what: str
    done: str
    is_taken: Callable[[Context], bool] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What stands in a value's place while it is found out where it comes from."""

    name: str


def condition(when: PathSpec, what: str) -> Iterator[Branch]:
    """Yield both ways of a condition."""
    yield Branch(when.place, what, "true", lambda ctx: is_true(when.get(ctx)))
    yield Branch(when.place, what, "false", lambda ctx: not is_true(when.get(ctx)))


def first_of(paths: tuple[PathSpec, ...]) -> Iterator[Branch]:
    """Yield the way to each of several paths: it is the first that has a value."""
    if len(paths) < 2:
        return
    for path in paths:
        yield Branch(path.place, path.text, "the first with a value", _is(path, paths))


def _is(path: PathSpec, paths: tuple[PathSpec, ...]) -> Callable[[Context], bool]:
    def is_first(context: Context) -> bool:
        found = (p for p in paths if has_value(p.get(context)))
        return next(found, None) is path

    return is_first


def value_branches(value: ValueSpec) -> Iterator[Branch]:
    """Yield every way to a value; one without a choice in it has none."""
    if value.when is not None:
        yield from condition(value.when, "when")
    for branch in _inner(value):
        yield replace(branch, is_taken=_guarded(branch.is_taken, value.when))


def _guarded(
    is_taken: Callable[[Context], bool], when: PathSpec | None
) -> Callable[[Context], bool]:
    """Return the same for a value that may not be asked for, or be refused."""

    def guarded(context: Context) -> bool:
        if when is not None and not is_true(when.get(context)):
            return False
        try:
            return is_taken(context)
        except ValueError:
            return False

    return guarded


def _inner(value: ValueSpec) -> Iterator[Branch]:
    yield from first_of(value.paths)
    for slot in value.template.slots if value.template is not None else ():
        if slot.default is not None:
            yield from _slot(slot, value.place)
    for index, step in enumerate(value.steps):
        if step.transform.labels:
            yield from _labels(step, _until(value, index))
    marked = _marked(value)
    for key, literal in (value.choices or {}).items():
        yield _marked_branch(literal.place, f"choose {key}", marked)
    for what, fixed in (("otherwise", value.otherwise), ("default", value.default)):
        if fixed is not None:
            yield _marked_branch(fixed.place, what, marked)


def _slot(slot: Slot, place: Place) -> Iterator[Branch]:
    bare = replace(slot, default=None)
    name = f"{{{slot.path}}}"
    yield Branch(place, name, "given", lambda ctx: bare.render(ctx) is not None)
    yield Branch(
        place, f"the default of {name}", "used", lambda ctx: bare.render(ctx) is None
    )


def _labels(step: StepSpec, value_before: Getter) -> Iterator[Branch]:
    """Yield the way to each label of a step that gives labels by key."""
    known = step.transform
    numbers = {key: str(index) for index, key in enumerate(step.argument)}

    def is_given(number: str, context: Context) -> bool:
        value = value_before(context)
        labels = known.run(value, numbers) if has_value(value) else None
        return number in (str(labels).split(";") if known.several else [labels])

    for key, number in numbers.items():
        what = f"{known.name} {key}"
        yield Branch(step.place, what, "taken", partial(is_given, number))


def _marked_branch(place: Place, what: str, marked: Getter) -> Branch:
    mark = _Mark(what)
    return Branch(place, what, "taken", lambda context: marked(context) == mark)


def _until(value: ValueSpec, index: int) -> Getter:
    """Return the value as it is before one of its steps."""
    return compile_recipe(replace(_recipe(value), steps=_runs(value.steps[:index])))


def _marked(value: ValueSpec) -> Getter:
    """Return what gives a mark where the value is a choice, otherwise or default."""
    choices: dict[str, Any] | None = None
    if value.choices is not None:
        choices = {key: _Mark(f"choose {key}") for key in value.choices}
    return compile_recipe(
        replace(
            _recipe(value),
            steps=_runs(value.steps),
            choices=choices,
            otherwise=_Mark("otherwise") if value.otherwise else ABSENT,
            default=_Mark("default") if value.default else ABSENT,
        )
    )


def _recipe(value: ValueSpec) -> Recipe:
    return Recipe(
        getters=tuple(path.get for path in value.paths),
        make=value.template.render if value.template is not None else None,
        literal=value.literal.value if value.literal else ABSENT,
    )


def _runs(steps: tuple[StepSpec, ...]) -> tuple[Any, ...]:
    return tuple(step.run for step in steps)
