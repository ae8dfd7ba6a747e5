"""The keys that data is encrypted with, and for how long it is kept. Floor 2."""

from __future__ import annotations

import re

from worker.model import Retention
from worker.settings.environment import Environment

MOST_DAYS = 36_500
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


def data_keys(environment: Environment) -> tuple[str, ...]:
    """Return the keys, of which the first encrypts; unset, nothing is encrypted."""
    keys = tuple(filter(None, map(str.strip, environment.text("DATA_KEY").split(","))))
    # Fernet passes over what stands behind a key, such as another without a comma.
    if not all(map(_KEY.fullmatch, keys)):
        environment.faults.append(
            "DATA_KEY has to be 32 bytes in URL-safe base64, or several such keys with"
            " commas; make one: python -c 'from cryptography.fernet import Fernet as F;"
            " print(F.generate_key().decode())'"
        )
    return keys


def retention(environment: Environment) -> Retention:
    """Return for how long what is stored is kept."""

    def days(name: str, default: int) -> int:
        return environment.number(name, default, least=1, most=MOST_DAYS)

    usual = Retention()
    found = Retention(
        body_days=days("RETAIN_BODY_DAYS", usual.body_days),
        parked_days=days("RETAIN_PARKED_DAYS", usual.parked_days),
        ledger_days=days("RETAIN_LEDGER_DAYS", usual.ledger_days),
    )
    if found.ledger_days < max(found.body_days, found.parked_days):
        environment.faults.append(
            "RETAIN_LEDGER_DAYS has to be at least RETAIN_BODY_DAYS and"
            " RETAIN_PARKED_DAYS: a row is deleted only after its body"
        )
    return found
