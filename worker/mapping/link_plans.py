"""What a link asks for beside itself, compiled. Floor 1."""

from __future__ import annotations

from worker.mapping.spec import LinkSpec, WriteSpec
from worker.model import Link

DROP = "drop"


def dropped_link(spec: LinkSpec) -> Link:
    """Return a link that is not to be, nor to stay where this call has made it."""
    return Link(spec.field, spec.object, None, DROP, DROP)


def made_by_link(link: LinkSpec) -> WriteSpec:
    """Return the write that makes what a link refers to, where it is not there yet."""
    return WriteSpec(
        object=link.object,
        object_place=link.object_place,
        mode="insert",
        when=None,
        key=link.matches[:1],
        missing="create",
        ambiguous=link.ambiguous,
        fields=link.create or (),
        links=(),
        place=link.place,
    )
