"""Documents a step or a few away from others, for the tests beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain, islice
from typing import Any

from hypothesis import strategies as st

from worker.mapping.shapes import Calls, Either, Fields, Items, Names, Shape
from worker.mapping.strict_yaml import Node, Place, Scalar, Table
from worker.mapping.strict_yaml import Sequence as List

from .editors import is_spelt_as_in_json

HERE = Place("file.yaml", 1, 1)
Spot = tuple[Any, ...]


def scalar(text: str, *, plain: bool = True) -> Scalar:
    return Scalar(HERE, text, plain)


def items(*nodes: Node) -> List:
    return List(HERE, nodes)


def table(entries: dict[str, Node]) -> Table:
    return Table(HERE, entries, dict.fromkeys(entries, HERE))


ODD_NODES = [
    *(scalar(text) for text in ("", "true", "7", "-1", "1.5", "a b", "payload.a")),
    *(scalar(text, plain=False) for text in ("", "null", "true", "7", "-1")),
    items(),
    items(scalar("~")),
    table({}),
    table({"a": scalar("b")}),
]
ODD_WORDS = ["mispelt", "two words"]


def words_of(shape: Shape) -> Iterator[str]:
    """Yield the keys, choices and functions that a grammar has."""
    match shape:
        case Fields():
            for name, key in shape.keys.items():
                yield name
                yield from words_of(key.shape)
        case Names():
            yield from words_of(shape.value)
        case Items():
            yield from words_of(shape.item)
        case Either():
            for part in (shape.scalar, shape.items, shape.table):
                if part is not None:
                    yield from words_of(part)
        case Calls():
            yield from shape.arguments
        case _:
            yield from getattr(shape, "options", ())


def children_of(node: Node) -> list[tuple[Any, Node]]:
    if isinstance(node, Table):
        return [*node.entries.items()]
    return [*enumerate(node.items)] if isinstance(node, List) else []


def spots_of(node: Node, spot: Spot = ()) -> Iterator[tuple[Spot, Node]]:
    """Yield each node in a document, and where it is."""
    yield spot, node
    for step, child in children_of(node):
        yield from spots_of(child, (*spot, step))


def with_another(document: Node, spot: Spot, node: Node) -> Node:
    """Return the document with another node at a spot."""
    if not spot:
        return node
    step, *rest = spot
    children = dict(children_of(document))
    children[step] = with_another(children[step], tuple(rest), node)
    return _like(document, [*children.items()])


def _like(node: Node, children: list[tuple[Any, Node]]) -> Node:
    if isinstance(node, Table):
        return table(dict(children))
    return items(*(child for _, child in children))


def others_than(old: Node, put: Node, word: str) -> Iterator[Node]:
    """Yield what a node becomes by one step: another, fewer, renamed, or more."""
    yield put
    if isinstance(old, Scalar):
        yield scalar(old.text, plain=not old.plain)
        return
    children = children_of(old)
    for place, (_, child) in enumerate(children):
        yield _like(old, [*children[:place], *children[place + 1 :]])
        yield _like(old, [*children[:place], (word, child), *children[place + 1 :]])
    for more in (put, *(child for _, child in children[-1:])):
        yield _like(old, [*children, (word, more)])


def steps_from(document: Node, every: int = 1) -> Iterator[tuple[Spot, Node]]:
    """Yield one in so many of the steps: where, and what odd thing is there then."""
    put, *puts = ODD_NODES
    steps = (
        (spot, other)
        for spot, old in spots_of(document)
        for other in chain(*(others_than(old, put, word) for word in ODD_WORDS), puts)
    )
    yield from islice(steps, 0, None, every)


def neighbours_of(document: Node, every: int = 1) -> Iterator[Node]:
    """Yield each document that is one step away, or one in so many of them."""
    for spot, other in steps_from(document, every):
        yield with_another(document, spot, other)


def mutants(documents: Sequence[Node], words: Sequence[str]) -> st.SearchStrategy[Node]:
    """Draw a document one to three steps away from one of these.

    Odd things are put in, words of the grammar, and parts of the documents, without
    what an editor cannot tell apart.
    """
    parts = [node for document in documents for _, node in spots_of(document)]
    pool = [*ODD_NODES, *map(scalar, words), *parts]
    puts = [node for node in pool if _is_told_apart(node)]
    return _mutants(documents, puts, [*words, *ODD_WORDS])


@st.composite
def _mutants(
    draw: st.DrawFn,
    documents: Sequence[Node],
    puts: Sequence[Node],
    words: Sequence[str],
) -> Node:
    def step(document: Node, _count: int) -> Node:
        spot, old = draw(st.sampled_from([*spots_of(document)]))
        put = draw(st.sampled_from(puts))
        word = draw(st.sampled_from(words))
        others = [*others_than(old, put, word)]
        return with_another(document, spot, draw(st.sampled_from(others)))

    return reduce(
        step, range(draw(st.integers(1, 3))), draw(st.sampled_from(documents))
    )


def _is_told_apart(node: Node) -> bool:
    return all(is_spelt_as_in_json(part) for _, part in spots_of(node))
