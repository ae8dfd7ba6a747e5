"""The keys of a database: they encrypt values, and hash them to be found by. Floor 2.

An engine has its vault, so that two databases in one process may have other keys. What
was written without a key stays as it is and can be read by every vault.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Dialect

from worker.errors import StoreSealed

_SEALED = b"sealed1:"
_NAME_CHARACTERS = 8
# So long is what a sealed value begins with, up to the end of its key's name.
KEY_CHARACTERS = len(_SEALED) + _NAME_CHARACTERS
# Before a clear value that looks as if it were sealed.
_PLAIN = b"plain1:"
_HASH_CHARACTERS = 32
_NO_KEY = b"crm-sync"


class Vault:
    """Encrypts with the first key and decrypts with any; without keys it does neither.

    A sealed value is `sealed1:<name of the key>:<Fernet token>`.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._ciphers = {_name(key): Fernet(key) for key in keys}
        self._newest = next(iter(self._ciphers), None)
        # What was hashed without a key is found too.
        self._hash_keys = [*map(_hash_key, dict.fromkeys(keys)), _NO_KEY]

    @property
    def has_key(self) -> bool:
        """Say whether anything is encrypted."""
        return self._newest is not None

    def put(self, value: bytes) -> bytes:
        """Return the value as it is to be stored."""
        if self._newest is None:
            return _PLAIN + value if value.startswith((_SEALED, _PLAIN)) else value
        token = self._ciphers[self._newest].encrypt(value)
        return _SEALED + self._newest.encode() + b":" + token

    def take(self, stored: bytes) -> bytes:
        """Return the value as it was given. Raises `StoreSealed`."""
        if stored.startswith(_PLAIN):
            return stored[len(_PLAIN) :]
        if not stored.startswith(_SEALED):
            return stored
        cipher = self._cipher(stored)
        token = stored[KEY_CHARACTERS + 1 :]
        try:
            return cipher.decrypt(token)
        except InvalidToken:
            raise StoreSealed(
                "a row is encrypted and damaged: restore it from a backup"
            ) from None

    def require(self, stored: bytes) -> None:
        """Look at the beginning of a stored value alone. Raises `StoreSealed`."""
        if stored.startswith(_SEALED):
            self._cipher(stored)

    def _cipher(self, sealed: bytes) -> Fernet:
        name = sealed[len(_SEALED) : KEY_CHARACTERS].decode(errors="replace")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise StoreSealed(
                "rows are encrypted with a key that DATA_KEY does not have: put it"
                " back, after a comma behind the newest key, and start again"
            )
        return cipher

    def is_current(self, stored: bytes) -> bool:
        """Say whether a stored value is encrypted with the first key."""
        if self._newest is None:
            return not stored.startswith(_SEALED)
        return stored.startswith(_SEALED + self._newest.encode() + b":")

    def hash(self, text: str) -> str:
        """Return what a text is found by, whatever its case."""
        return _hash(self._hash_keys[0], text)

    def hashes(self, text: str) -> list[str]:
        """Return all hashes that rows of any age may have of a text."""
        return [_hash(key, text) for key in self._hash_keys]


def entrust(dialect: Dialect, vault: Vault) -> None:
    """Give an engine's dialect its vault; column types are handed no more than that."""
    _VAULTS[dialect] = vault


def vault_of(dialect: Dialect) -> Vault:
    """Return the vault of an engine's dialect."""
    return _VAULTS.get(dialect, _WITHOUT_KEYS)


def _name(key: str) -> str:
    return hashlib.sha256(b"crm-sync key name " + key.encode()).hexdigest()[
        :_NAME_CHARACTERS
    ]


def _hash_key(key: str) -> bytes:
    return hmac.digest(key.encode(), b"crm-sync look-up", "sha256")


def _hash(key: bytes, text: str) -> str:
    digest = hmac.digest(key, text.casefold().encode(), "sha256")
    return digest.hex()[:_HASH_CHARACTERS]


_VAULTS: WeakKeyDictionary[Dialect, Vault] = WeakKeyDictionary()
_WITHOUT_KEYS = Vault()
