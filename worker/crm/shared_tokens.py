"""One token for all processes, kept in Redis by a key of the settings. Floor 2.

Where Redis does not answer, each process logs in for itself: the token is a saving,
not a condition.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

import redis
from cryptography.fernet import Fernet, InvalidToken

from worker.crm.token_store import Grant, LogIn, OwnTokens
from worker.errors import CrmUnavailable
from worker.model import OrgLogin

REDIS_TIMEOUT_SECONDS = 2.0
REDIS_RETRIES = 1
# Longer than a login may take: who loses the lock all the same stores nothing.
LOCK_SECONDS = 40
POLL_SECONDS = 0.1
POLLS = 450
# Those who waited for a login that failed take its failure; who comes later tries.
FAILURE_SECONDS = 2
# Salesforce ends a session after a day at the latest.
TOKEN_SECONDS = 86_400

_STORE_IF_LOCKED = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[1])
return 1
"""
_DELETE_IF_SAME = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

_logger = logging.getLogger(__name__)


class SharedTokens:
    """`Tokens` of every process with this Redis, key and login."""

    def __init__(
        self,
        client: redis.Redis,
        key: str,
        login: OrgLogin,
        own: OwnTokens | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        # Any: the stubs say that each answer may have to be awaited.
        self._redis: Any = client
        self._cipher = Fernet(key)
        self._own = own or OwnTokens()
        self._wait = wait
        name = f"crm-sync:login:{_fingerprint(key, login)}"
        self._token, self._lock, self._pause, self._failure = (
            f"{name}:{kind}" for kind in ("token", "lock", "pause", "failure")
        )

    def obtain(self, log_in: LogIn) -> Grant:
        """Return the token of all, by one login of one process where there is none.

        Raises `CrmUnavailable`.
        """
        nonce = secrets.token_hex(16)
        try:
            known = self._await_turn(nonce)
        except redis.RedisError as error:
            _logger.warning("no shared token: Redis: %s", type(error).__name__)
            return self._own.obtain(log_in)
        if known is not None:
            return known
        try:
            grant = log_in()
        except CrmUnavailable as error:
            self._fail(nonce, error.code)
            raise
        return self._publish(nonce, grant)

    def drop(self, token: str) -> None:
        """Give the token up, unless another process has a newer one already."""
        try:
            sealed = self._redis.get(self._token)
            grant = self._opened(sealed)
            if grant is None or grant.token == token:
                self._redis.eval(_DELETE_IF_SAME, 1, self._token, sealed or b"")
        except redis.RedisError as error:
            _logger.warning("no shared token: Redis: %s", type(error).__name__)

    def pause(self, code: str, seconds: float) -> bool:
        """Let no process log in for so long; return whether any still might have."""
        is_new = self._own.pause(code, seconds)
        try:
            return bool(self._redis.set(self._pause, code, nx=True, ex=int(seconds)))
        except redis.RedisError:
            return is_new

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _await_turn(self, nonce: str) -> Grant | None:
        """Return the token, or None once this process alone may log in."""
        has_waited = False
        for _ in range(POLLS):
            known = self._known(has_waited)
            if known is None and self._take_lock(nonce):
                # Somebody may have logged in between the look and the lock.
                known = self._known(has_waited)
                if known is None:
                    self._redis.delete(self._failure)
                    return None
                self._redis.eval(_DELETE_IF_SAME, 1, self._lock, nonce)
            if isinstance(known, CrmUnavailable):
                raise known
            if known is not None:
                return known
            has_waited = True
            self._wait(POLL_SECONDS)
        raise CrmUnavailable("login of another worker takes too long")

    def _take_lock(self, nonce: str) -> bool:
        return bool(self._redis.set(self._lock, nonce, nx=True, ex=LOCK_SECONDS))

    def _known(self, has_waited: bool) -> Grant | CrmUnavailable | None:
        """Return the token, or why there is none; None where nobody has tried."""
        grant = self._opened(self._redis.get(self._token))
        if grant is not None:
            return grant
        code = self._redis.get(self._pause)
        if code:
            left_seconds = max(1.0, self._redis.pttl(self._pause) / 1000)
            return CrmUnavailable(code.decode(), left_seconds)
        failure = self._redis.get(self._failure) if has_waited else None
        return CrmUnavailable(failure.decode()) if failure else None

    def _publish(self, nonce: str, grant: Grant) -> Grant:
        """Store the token while the lock is ours; return the one that all have."""
        text = json.dumps([grant.instance_url, grant.token])
        sealed = self._cipher.encrypt(text.encode())
        try:
            arguments = (self._lock, self._token, nonce, sealed, TOKEN_SECONDS)
            if self._redis.eval(_STORE_IF_LOCKED, 2, *arguments):
                return grant
            return self._opened(self._redis.get(self._token)) or grant
        except redis.RedisError:
            return grant

    def _fail(self, nonce: str, code: str) -> None:
        try:
            self._redis.set(self._failure, code, ex=FAILURE_SECONDS)
            self._redis.eval(_DELETE_IF_SAME, 1, self._lock, nonce)
        except redis.RedisError as error:
            _logger.warning("no shared token: Redis: %s", type(error).__name__)

    def _opened(self, sealed: bytes | None) -> Grant | None:
        """Return what is stored; whatever our key did not seal is no token."""
        if not sealed:
            return None
        try:
            instance_url, token = json.loads(self._cipher.decrypt(sealed))
        except InvalidToken:
            _logger.warning("the shared token is not sealed by TOKEN_KEY: log in anew")
            return None
        return Grant(instance_url, token)


def _fingerprint(key: str, login: OrgLogin) -> str:
    """Return a name of the login; new settings are another one, without its pause."""
    parts = (login.url, login.client_id, login.username, login.audience)
    text = json.dumps([*parts, login.client_secret, login.private_key])
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:24]
