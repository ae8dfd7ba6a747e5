"""A value's node into its spec and the function that makes it. Floor 1, pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from worker.mapping import nodes, spec
from worker.mapping.findings import Finding
from worker.mapping.paths import ABSENT, compile_path
from worker.mapping.strict_yaml import Node, Place, Scalar, Table
from worker.mapping.template import Template, compile_template
from worker.mapping.transforms import TRANSFORMS, Argument, Transform
from worker.mapping.values import Recipe, Step, compile_recipe


class ValueReader:
    """Reads values; a path or a template that cannot be read is a finding."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    def path(self, node: Node | None) -> spec.PathSpec:
        """Return the path that a scalar holds."""
        if not isinstance(node, Scalar) or nodes.is_empty(node):
            return spec.PathSpec("", spec.nothing, Place("", 1, 1))
        try:
            return spec.PathSpec(node.text, compile_path(node.text), node.place)
        except ValueError as error:
            self._findings.append(node.place.finding(str(error), "path"))
            return spec.PathSpec("", spec.nothing, node.place)

    def value(self, node: Node, *, is_key: bool = False) -> spec.ValueSpec:
        """Return the value that a node describes; a bare text is a path."""
        if isinstance(node, Scalar):
            path = self.path(node)
            return spec.ValueSpec(path.get, node.place, paths=(path,))
        given = nodes.entries(node)
        when = given.get("when")
        choose = given.get("choose")
        found = spec.ValueSpec(
            evaluate=spec.nothing,
            place=node.place,
            paths=tuple(self.path(n) for n in nodes.one_or_more(given.get("from"))),
            template=self._template(given.get("text")),
            literal=_literal(given.get("value")),
            steps=self._steps(given.get("as")),
            choices=_choices(choose) if choose else None,
            otherwise=_literal(given.get("otherwise")),
            default=_literal(given.get("default")),
            when=self.path(when) if when else None,
        )
        return _with_function(found, is_key)

    def _template(self, node: Node | None) -> Template | None:
        if not isinstance(node, Scalar):
            return None
        try:
            return compile_template(node.text)
        except ValueError as error:
            self._findings.append(node.place.finding(str(error), "template"))
            return None

    def _steps(self, node: Node | None) -> tuple[spec.StepSpec, ...]:
        steps = (self._step(item) for item in nodes.one_or_more(node))
        return tuple(step for step in steps if step is not None)

    def _step(self, node: Node) -> spec.StepSpec | None:
        """Return a transform; None where the grammar found a fault with it."""
        argument: Node | None = None
        name = nodes.text(node)
        if isinstance(node, Table) and len(node.entries) == 1:
            ((name, argument),) = node.entries.items()
        known = TRANSFORMS.get(name)
        if known is None or (argument is None) != (known.argument is Argument.NONE):
            return None
        given = self._argument(known, argument)
        fault = None if given is None else known.argument_fault(given)
        if given is None and nodes.text(argument).isdecimal():
            fault = "the number is too long"
        if fault and not isinstance(given, spec.PathSpec):
            message = f"{name!r}: {fault}"
            self._findings.append(node.place.finding(message, "argument"))
        places = nodes.key_places(argument)
        return spec.StepSpec(known, given, _bound(known, given), node.place, places)

    def _argument(self, known: Transform, node: Node | None) -> Any:
        match known.argument:
            case Argument.TABLE:
                given = nodes.entries(node).items()
                return {key: nodes.text(value) for key, value in given}
            case Argument.PATH:
                return self.path(node)
            case Argument.NUMBER:
                return nodes.whole_number(nodes.text(node))
            case _:
                return nodes.text(node) if node else None


def _bound(known: Transform, argument: Any) -> Step:
    """Return the transform with its argument in place."""
    if known.argument is Argument.NONE:
        return Step(known.name, known.run)
    if isinstance(argument, spec.PathSpec):
        return Step(known.name, known.run, get=argument.get)
    return Step(known.name, known.run, (argument,))


def _with_function(found: spec.ValueSpec, is_key: bool) -> spec.ValueSpec:
    make = None
    if found.template is not None:
        make = found.template.render_key if is_key else found.template.render
    recipe = Recipe(
        getters=tuple(path.get for path in found.paths),
        make=make,
        literal=_value_of(found.literal),
        steps=tuple(step.run for step in found.steps),
        choices=(
            None
            if found.choices is None
            else {key: choice.value for key, choice in found.choices.items()}
        ),
        otherwise=_value_of(found.otherwise),
        default=_value_of(found.default),
        when=found.when.get if found.when else None,
    )
    return replace(found, evaluate=compile_recipe(recipe))


def _literal(node: Node | None) -> spec.Literal | None:
    return spec.Literal(nodes.literal(node), node.place) if node else None


def _choices(node: Node) -> dict[str, spec.Literal]:
    return {
        key: spec.Literal(nodes.literal(value), value.place)
        for key, value in nodes.entries(node).items()
    }


def _value_of(literal: spec.Literal | None) -> Any:
    return ABSENT if literal is None else literal.value
