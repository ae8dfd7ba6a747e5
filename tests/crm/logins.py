"""Logins of the tests: an RSA key, the org's app for it, and a Redis server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import redis
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.e2e.polling import eventually
from tests.e2e.processes import Process
from tests.e2e.stacks import answers_ping
from worker.cli.processes import free_port
from worker.cli.redis_server import redis_command
from worker.crm.shared_tokens import REDIS_RETRIES, REDIS_TIMEOUT_SECONDS
from worker.localorg.jwt_bearer import JwtApp
from worker.model import OrgLogin
from worker.noticeboard import TIMEOUT_SECONDS, RedisBoard
from worker.redis_clients import open_redis
from worker.servers import Server

USERNAME = "integration@example.com"
AUDIENCE = "https://login.salesforce.com"


OUR_KEY = "the app's"


@cache
def key_pair(name: str) -> tuple[str, str]:
    """A private and a public key, as PEM; another one for each name."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def jwt_app(**changes: bool) -> JwtApp:
    return JwtApp(key_pair(OUR_KEY)[1], USERNAME, AUDIENCE, **changes)


def jwt_login(url: str, key_name: str = OUR_KEY, audience: str = AUDIENCE) -> OrgLogin:
    private = key_pair(key_name)[0]
    return OrgLogin(url, "local", "", "67.0", USERNAME, private, audience)


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """The URL of a Redis server of one's own."""
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    process = Process(redis_command(port, folder), {}, folder, folder / "redis")
    try:
        eventually(lambda: process.answers(answers_ping(url)), "Redis")
        yield url
    finally:
        process.kill_group()


def client_of(url: str) -> redis.Redis:
    """A client as the processes have it for the token."""
    return open_redis(Server(url), REDIS_TIMEOUT_SECONDS, REDIS_RETRIES)


def board_at(url: str, clock_seconds: Callable[[], float]) -> RedisBoard:
    """The notes as a process has them."""
    return RedisBoard(open_redis(Server(url), TIMEOUT_SECONDS), clock_seconds)
