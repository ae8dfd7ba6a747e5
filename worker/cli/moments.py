"""Moments as a person names them. Floor 5."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import typer


def moment(text: str | None, option: str, *, is_end: bool = False) -> datetime | None:
    """Return a moment; a day alone is its beginning or, as the end, the next one's."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-05-04"):
            day = date.fromisoformat(text) + timedelta(days=is_end)
            return datetime.combine(day, time(), UTC)
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        message = f"{option}: {text!r} is neither 2026-05-04 nor 2026-05-04T10:15:30Z"
        raise typer.BadParameter(message) from None
    return at
