"""The table of what each policy does with each kind of nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.docs.pages import Table, code_spans
from tests.mapping.building import one_write

HEAD = "the payload has"
NOT_SENT = "not sent"
SENT = "sent"
EMPTIES = "sent: empties the field"
ENDS = {NOT_SENT, SENT, EMPTIES}


@dataclass(frozen=True, slots=True)
class Cell:
    """What becomes of a payload by a policy, as the page has it."""

    line: int
    payload: dict[str, Any]
    policy: str
    said: str

    def is_so(self) -> bool:
        field = f"{{from: payload.it, write: {self.policy}}}"
        write = one_write(
            f"- {{object: Task, key: {{K: event.call_id}}, fields: {{A: {field}}}}}",
            self.payload,
        )
        if "A" not in write.fields:
            return self.said == NOT_SENT
        is_empty = write.fields["A"] in (None, "")
        # Of a new record there is nothing to empty.
        empties = is_empty and self.policy != "insert_only"
        return self.said == (EMPTIES if empties else SENT)


def nothings_in(table: Table) -> Iterator[Cell]:
    """Yield the cells; an empty one says nothing."""
    _, *heads = table.head
    policies = [code_spans(head)[0] for head in heads]
    for line, (given, *cells) in enumerate(table.rows, table.line + 2):
        spans = code_spans(given)
        payload = {"it": json.loads(spans[0])} if spans else {}
        for policy, said in zip(policies, cells, strict=True):
            if said:
                assert said in ENDS, f"line {line}: {said}"
                yield Cell(line, payload, policy, said)
