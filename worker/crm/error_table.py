"""Every Salesforce error and what it means, as data. Floor 2.

Facts: the REST API's error reference and recordings of real orgs, read 2026-08. The
code decides before the status, since one status holds both what a retry cures and what
it does not. `HTTP 503` and the like stand for answers whose code is not in the table,
or that have none. What fits no row is parked under its own code and never loops.
"""

from __future__ import annotations

from worker.crm import error_rows_records, error_rows_requests
from worker.crm.error_kinds import Act, ErrorRow, Where, Who

# The first row that fits an error counts.
TABLE: tuple[ErrorRow, ...] = (*error_rows_requests.ROWS, *error_rows_records.ROWS)

UNKNOWN = ErrorRow(
    ("*",),
    Where.BOTH,
    Act.PARK,
    Who.ADMIN,
    "look the code up in Salesforce's documentation of {object}",
)


def find_row(code: str, message: str, where: Where) -> ErrorRow | None:
    """Return the meaning of an error, or None where the table has none."""
    return next((row for row in TABLE if row.fits(code, message, where)), None)
