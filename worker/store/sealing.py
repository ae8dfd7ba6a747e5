"""Columns that are encrypted where the engine has a key, and their hashes. Floor 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import JSON, Dialect, LargeBinary, String, TypeDecorator
from sqlalchemy.engine.default import DefaultExecutionContext

from worker.store.vault import vault_of


class SealedBytes(TypeDecorator[bytes]):
    """Bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Encrypt."""
        return None if value is None else vault_of(dialect).put(value)

    def process_result_value(
        self, value: bytes | None, dialect: Dialect
    ) -> bytes | None:
        """Decrypt. Raises `StoreSealed`."""
        return None if value is None else vault_of(dialect).take(value)


class SealedText(TypeDecorator[str]):
    """A text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Encrypt."""
        return None if value is None else vault_of(dialect).put(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Decrypt. Raises `StoreSealed`."""
        if value is None:
            return None
        return vault_of(dialect).take(value.encode()).decode()


class SealedJson(TypeDecorator[dict[str, Any]]):
    """A JSON object; encrypted it is a JSON text."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> Any:
        """Encrypt."""
        vault = vault_of(dialect)
        if value is None or not vault.has_key:
            return value
        return vault.put(json.dumps(value).encode()).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Decrypt. Raises `StoreSealed`."""
        if not isinstance(value, str):
            return value
        return json.loads(vault_of(dialect).take(value.encode()))


def hash_of(column: str) -> Callable[[DefaultExecutionContext], str | None]:
    """Return the default of a column: the hash that a sealed text is found by."""

    def made(context: DefaultExecutionContext) -> str | None:
        value = context.get_current_parameters().get(column)  # type: ignore[no-untyped-call]
        return None if value is None else vault_of(context.dialect).hash(value)

    return made
