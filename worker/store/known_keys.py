"""Whether this process has every key that the events are encrypted with. Floor 2."""

from __future__ import annotations

from sqlalchemy import Connection, String, func, select, type_coerce

from worker.store.events import EVENT
from worker.store.vault import KEY_CHARACTERS, vault_of


def require_keys(connection: Connection) -> None:
    """Look at every event. Raises `StoreSealed` where one's key is not there.

    A party's hash is under the key of its row: without it nothing would be found, and
    what is not found must not be taken for not stored.
    """
    stored = type_coerce(EVENT.c.party_key, String())
    query = select(func.substr(stored, 1, KEY_CHARACTERS)).distinct()
    vault = vault_of(connection.dialect)
    for prefix in connection.scalars(query):
        vault.require(prefix.encode())
