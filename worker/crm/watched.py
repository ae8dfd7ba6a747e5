"""A CRM of whose every exchange somebody is told. Floor 2."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from worker.crm import Batch, CompositeCrm, Crm, Find, Found, RowResult, Written

T = TypeVar("T")


class Told(Protocol):
    """Asks, and has something to do with what comes of it."""

    def __call__(self, ask: Callable[[], T]) -> T:
        """Return or raise what asking does."""


def watched(crm: Crm, told: Told) -> Crm:
    """Return the same CRM; each exchange goes through `told`."""
    if isinstance(crm, CompositeCrm):
        return _WatchedComposite(crm, told)
    return _Watched(crm, told)


@dataclass(frozen=True, slots=True)
class _Watched:
    """A `Crm` each of whose exchanges is `told`."""

    crm: Crm
    told: Told

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        if not any(values.values()):
            return []
        return self.told(lambda: self.crm.find(object_name, select, values))

    def upsert(
        self,
        object_name: str,
        key_field: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        return self.told(
            lambda: self.crm.upsert(
                object_name, key_field, records, allow_duplicates=allow_duplicates
            )
        )

    def update(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        return self.told(
            lambda: self.crm.update(
                object_name, records, allow_duplicates=allow_duplicates
            )
        )


@dataclass(frozen=True, slots=True)
class _WatchedComposite(_Watched):
    crm: CompositeCrm

    def find_each(self, finds: Sequence[Find]) -> list[Found]:
        return self.told(lambda: self.crm.find_each(finds))

    def write_each(self, batches: Sequence[Batch]) -> list[Written]:
        return self.told(lambda: self.crm.write_each(batches))
