"""A local stand-in for a Salesforce org, for demo, development and tests.

It speaks the subset of the REST API that the worker needs, on loopback only, keeps its
records in SQLite, and fails on demand. Beside the floors: it imports nothing of them.

Facts: Salesforce's REST reference and recordings of real orgs, read 2026-08.
Not confirmed against a live org: the codes for more than 200 rows or 10 chunks; if a
number is refused in a text field; if one key twice in a call is DUPLICATE_EXTERNAL_ID,
as here, or DUPLICATE_VALUE, as some bulk tools report.
"""

from worker.localorg.org import LocalOrg

__all__ = ["LocalOrg"]
