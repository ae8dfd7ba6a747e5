"""A value's node into the function that makes it. Floor 1, pure."""

from __future__ import annotations

from typing import Any

from worker.mapping import spec
from worker.mapping.findings import did_you_mean
from worker.mapping.nodes import NodeReader
from worker.mapping.paths import ABSENT, Context, Getter, compile_path
from worker.mapping.strict_yaml import Node, Place, Scalar, Sequence, Table
from worker.mapping.template import Template, compile_template
from worker.mapping.transforms import TRANSFORMS, Argument, Transform
from worker.mapping.values import Recipe, Step, compile_recipe, guarded


def read_path(reader: NodeReader, node: Node | None) -> spec.ValueSpec:
    """Return the value at a path. The node of a missing key was already found."""
    if node is None:
        return spec.ValueSpec(_nothing, (), Place("", 1, 1))
    path = reader.text(node)
    return spec.ValueSpec(_getter(reader, node, path), (path,), node.place)


def read_value(
    reader: NodeReader, node: Node, *, is_key: bool = False
) -> spec.ValueSpec:
    """Return the value that a field's node describes; a bare text is a path."""
    if isinstance(node, Scalar):
        return read_path(reader, node)
    entries = reader.table(node, spec.FIELD_KEYS)
    given = [key for key in ("from", "text", "value") if key in entries]
    if isinstance(node, Table) and len(given) != 1:
        reader.find(node.place, "give exactly one of: from, text, value")
    inputs: list[str] = []
    evaluate = compile_recipe(_recipe(reader, entries, inputs, is_key))
    return spec.ValueSpec(evaluate, tuple(inputs), node.place)


def _recipe(
    reader: NodeReader, entries: dict[str, Node], inputs: list[str], is_key: bool
) -> Recipe:
    choose, otherwise = entries.get("choose"), entries.get("otherwise")
    if otherwise and not choose:
        reader.find(otherwise.place, "otherwise goes with choose")
    template = _template(reader, entries.get("text"), inputs)
    render = None
    if template is not None:
        render = template.render_key if is_key else template.render
    when = entries.get("when")
    return Recipe(
        getters=_sources(reader, entries.get("from"), inputs),
        make=render,
        literal=_literal(reader, entries.get("value")),
        steps=_steps(reader, entries.get("as"), inputs),
        choices=_choices(reader, choose),
        otherwise=_literal(reader, otherwise),
        default=_literal(reader, entries.get("default")),
        when=read_path(reader, when).evaluate if when else None,
    )


def _sources(
    reader: NodeReader, node: Node | None, inputs: list[str]
) -> tuple[Getter, ...]:
    if node is None:
        return ()
    nodes = node.items if isinstance(node, Sequence) else (node,)
    values = [read_path(reader, item) for item in nodes]
    inputs.extend(path for value in values for path in value.inputs)
    return tuple(value.evaluate for value in values)


def _template(
    reader: NodeReader, node: Node | None, inputs: list[str]
) -> Template | None:
    if node is None:
        return None
    try:
        template = compile_template(reader.text(node))
    except ValueError as error:
        reader.find(node.place, str(error))
        return None
    inputs.extend(template.paths)
    return template


def _literal(reader: NodeReader, node: Node | None) -> Any:
    """A fixed value: text, but for an unquoted `true` or `false`."""
    if node is None:
        return ABSENT
    text = reader.text(node)
    if isinstance(node, Scalar) and node.plain and text in ("true", "false"):
        return text == "true"
    return text


def _choices(reader: NodeReader, node: Node | None) -> dict[str, Any] | None:
    if node is None:
        return None
    return {key: _literal(reader, value) for key, value in reader.entries(node)}


def _steps(
    reader: NodeReader, node: Node | None, inputs: list[str]
) -> tuple[Step, ...]:
    if node is None:
        return ()
    nodes = node.items if isinstance(node, Sequence) else (node,)
    steps = (_step(reader, item, inputs) for item in nodes)
    return tuple(step for step in steps if step is not None)


def _step(reader: NodeReader, node: Node, inputs: list[str]) -> Step | None:
    """A transform by its name, or a table of one name and its argument."""
    argument: Node | None = None
    if isinstance(node, Table) and len(node.entries) == 1:
        ((name, argument),) = node.entries.items()
    elif isinstance(node, Scalar):
        name = node.text
    else:
        reader.find(node.place, "expected a text")
        return None
    known = TRANSFORMS.get(name)
    if known is None:
        hint = did_you_mean(name, [*TRANSFORMS])
        reader.find(node.place, f"no transform {name!r}{hint}")
        return None
    if (argument is None) != (known.argument is Argument.NONE):
        reader.find(node.place, f"{name!r} takes {known.argument.value}")
        return None
    return _bind(reader, known, argument, inputs)


def _bind(
    reader: NodeReader, known: Transform, node: Node | None, inputs: list[str]
) -> Step | None:
    """Return the transform with its argument in place."""
    if node is None:
        return guarded(known.name, lambda value, _context: known.run(value))
    if known.argument is Argument.PATH:
        found = read_path(reader, node)
        inputs.extend(found.inputs)
        get = found.evaluate
        return guarded(known.name, lambda value, ctx: known.run(value, get(ctx)))
    argument = _argument(reader, known, node)
    return guarded(known.name, lambda value, _context: known.run(value, argument))


def _argument(reader: NodeReader, known: Transform, node: Node) -> Any:
    if known.argument is Argument.TABLE:
        return {key: reader.text(value) for key, value in reader.entries(node)}
    text = reader.text(node)
    if known.argument is Argument.TEXT:
        return text
    if not text.isdecimal():
        reader.find(node.place, f"{known.name!r} takes {known.argument.value}")
        return 0
    return int(text)


def _getter(reader: NodeReader, node: Node, path: str) -> Getter:
    try:
        return compile_path(path)
    except ValueError as error:
        reader.find(node.place, str(error))
        return _nothing


def _nothing(_context: Context) -> Any:
    """Stand in for a path that a finding was made of."""
    return ABSENT
