"""Field paths of a query as SQL columns, with the joins that they need."""

from __future__ import annotations

from dataclasses import dataclass

from worker.localorg.messages import Problem, Refused
from worker.localorg.records import column as column_name
from worker.localorg.records import table
from worker.localorg.schema import Field, Schema, SObject

_CUSTOM_HINT = (
    "If you are attempting to use a custom field, be sure to append the '__c' after "
    "the custom field name."
)


@dataclass(frozen=True, slots=True)
class Column:
    """One field path; `link` is the SQL of the lookup's id, None for an own field.

    `field` is None where the related object is not known to this org.
    """

    sql: str
    name: str
    field: Field | None
    relationship: str = ""
    link: str | None = None


class ColumnFinder:
    """Finds the columns of one query on one object."""

    def __init__(self, schema: Schema, sobject: SObject) -> None:
        self._schema = schema
        self._sobject = sobject
        self._joins: dict[tuple[str, str], str] = {}

    @property
    def joins(self) -> list[str]:
        """The JOIN clauses for all columns found so far."""
        return list(self._joins.values())

    def column(self, path: str) -> Column:
        """The column of `Field` or `Relationship.Field`; Refused if there is none."""
        parts = path.split(".")
        if len(parts) > 1 and parts[0].lower() == self._sobject.name.lower():
            parts = parts[1:]
        if len(parts) == 1:
            field = _known_field(self._sobject, parts[0])
            return Column(f"b.{column_name(field)}", field.name, field)
        lookup = self._sobject.lookup(parts[0])
        if lookup is None or len(parts) > 2:
            text = f"Didn't understand relationship '{parts[0]}' in field path."
            raise Refused(Problem("INVALID_FIELD", text))
        return self._related(lookup, parts[1])

    def _related(self, lookup: Field, name: str) -> Column:
        targets = [self._schema.find(target) for target in lookup.reference_to]
        known = [target for target in targets if target is not None]
        if len(targets) == 1 and known:
            _known_field(known[0], name)
        found = [(target, target.field(name)) for target in known]
        columns = [
            f"{self._alias(lookup, target)}.{column_name(field)}"
            for target, field in found
            if field is not None
        ]
        fields = [field for _, field in found if field is not None]
        sql = f"COALESCE({', '.join(columns)})" if len(columns) > 1 else "NULL"
        return Column(
            sql=columns[0] if len(columns) == 1 else sql,
            name=fields[0].name if fields else name,
            field=fields[0] if fields else None,
            relationship=lookup.relationship,
            link=f"b.{column_name(lookup)}",
        )

    def _alias(self, lookup: Field, target: SObject) -> str:
        alias = f'"{lookup.name}.{target.name}"'
        condition = f'{alias}."Id" = b.{column_name(lookup)}'
        self._joins[lookup.name, target.name] = (
            f"LEFT JOIN {table(target)} {alias} "
            f'ON {condition} AND {alias}."IsDeleted" = 0'
        )
        return alias


def _known_field(sobject: SObject, name: str) -> Field:
    field = sobject.field(name)
    if field is None:
        message = f"No such column '{name}' on entity '{sobject.name}'."
        raise Refused(Problem("INVALID_FIELD", f"{message} {_CUSTOM_HINT}"))
    return field
