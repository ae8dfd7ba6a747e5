"""What must not leave: header values and tokens that are secrets. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Mapping

# Only these are kept with a stored delivery: what reading it again needs, and what
# helps the operator talk to the vendor. No credentials, cookies or addresses.
KEPT_HEADERS = frozenset(
    {
        "content-type",
        "user-agent",
        "freeclimb-signature",
        "x-altur-signature",
        "x-webhook-delivery-id",
        "x-webhook-event",
        "x-webhook-idempotency-key",
        "x-webhook-signature",
        "x-webhook-timestamp",
    }
)
_MOST_KEPT = 1024


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers worth storing, and no more of each than a source reads.

    Most are not signed: without a limit anybody on their way could fill the database.
    """
    return {
        name: value[:_MOST_KEPT]
        for name, value in headers.items()
        if name in KEPT_HEADERS
    }
