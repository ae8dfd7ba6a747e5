"""One token for all processes, through a real Redis."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis
import requests
from cryptography.fernet import Fernet

from worker import bootstrap
from worker.cli.processes import free_port
from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import Session
from worker.crm.shared_tokens import LOCK_SECONDS, POLLS, SharedTokens
from worker.crm.token_store import Grant
from worker.errors import CrmUnavailable
from worker.localorg import LocalOrg
from worker.model import OrgLogin

from .logins import client_of, jwt_app, jwt_login, running_redis

ROOT = Path(__file__).parents[2]
KEY = "External_Call_Id__c"
TOKEN_PATH = "/services/oauth2/token"
TOKEN_KEY = Fernet.generate_key().decode()
LOGIN = OrgLogin("https://acme.my.salesforce.com", "id", "secret", "67.0")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(Path(tmp_path_factory.mktemp("redis"))) as url:
        yield url


@pytest.fixture
def store(server: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server) as client:
        client.flushall()
        yield client


@pytest.fixture
def url(server: str, store: redis.Redis) -> str:
    return server


def local(org: LocalOrg) -> OrgLogin:
    return OrgLogin(org.url, "local", "local", "67.0")


def write(crm: SalesforceCrm, call: str = "call") -> None:
    (result,) = crm.upsert("Task", KEY, [{KEY: call}])
    assert result.code is None


def unavailable(crm: SalesforceCrm) -> CrmUnavailable:
    with pytest.raises(CrmUnavailable) as caught:
        write(crm)
    return caught.value


@contextmanager
def workers(
    count: int, redis_url: str, login: OrgLogin
) -> Iterator[list[SalesforceCrm]]:
    """Clients as so many processes have them: nothing in common but Redis."""
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            session = Session(
                login, SharedTokens(client_of(redis_url), TOKEN_KEY, login)
            )
            stack.enter_context(closing(session))
            made.append(SalesforceCrm(session, blip_wait_seconds=0.0))
        yield made


def at_once(crms: list[SalesforceCrm]) -> None:
    start = threading.Barrier(len(crms))

    def run(number: int) -> None:
        start.wait()
        write(crms[number], f"call-{number}")

    with ThreadPoolExecutor(len(crms)) as threads:
        list(threads.map(run, range(len(crms))))


def expire(org: LocalOrg) -> None:
    org.faults.add("session_expired")
    assert requests.get(f"{org.url}/services/data/v67.0/limits").status_code == 401
    org.reset_stats()


def test_sixteen_workers_that_start_and_meet_an_expired_token_log_in_once_each_time(
    org: LocalOrg, url: str
) -> None:
    org.register(jwt_app())
    with workers(16, url, jwt_login(org.url)) as crms:
        at_once(crms)
        assert org.stats()["logins"] == 1
        expire(org)

        at_once(crms)

    assert (org.stats()["logins"], org.stats()["api_requests"]) == (1, 32)
    assert len(org.records("Task")) == 16


def test_a_token_that_is_no_longer_the_stored_one_costs_no_login(
    org: LocalOrg, url: str
) -> None:
    with workers(2, url, local(org)) as (first, second):
        write(first)
        write(second)
        expire(org)
        write(first)
        write(second)
        write(first)

    assert (org.stats()["logins"], org.stats()["api_requests"]) == (1, 5)


def test_nothing_in_redis_or_in_the_log_is_in_clear(
    org: LocalOrg, url: str, store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    login = replace(local(org), username="user@example.com")
    with workers(1, url, login) as (crm,):
        write(crm)
        token = crm._session.client().session_id
        kept = {name: store.get(name) for name in store.keys("*")}
        tokens = crm._session._tokens

    assert [name.rpartition(b":")[2] for name in kept] == [b"token"]
    assert 0 < store.ttl(next(iter(kept))) <= 86_400
    (sealed,) = kept.values()
    assert token.encode() in Fernet(TOKEN_KEY).decrypt(sealed)
    shown = f"{kept} {tokens!r} {caplog.text}"
    for secret in (token, TOKEN_KEY, org.url, "user@example.com"):
        assert secret not in f"{kept}"
    for secret in (token, TOKEN_KEY):
        assert secret not in shown


def test_where_redis_is_away_each_process_logs_in_for_itself(
    org: LocalOrg, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = f"redis://:pass-word@127.0.0.1:{free_port()}/0"
    with workers(2, nowhere, local(org)) as crms:
        for crm in crms:
            write(crm)
        expire(org)
        for crm in crms:
            write(crm)

    assert org.stats()["logins"] == 2
    assert "no shared token: Redis: ConnectionError" in caplog.text
    assert "pass-word" not in caplog.text


def test_where_redis_is_away_each_process_keeps_its_own_pause(org: LocalOrg) -> None:
    org.faults.add("login_rate_exceeded", path=TOKEN_PATH)
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    with workers(1, nowhere, local(org)) as (crm,):
        unavailable(crm)
        again = unavailable(crm)

    assert again.code == "login LOGIN_RATE_EXCEEDED"
    assert org.stats()["logins"] == 1


def test_too_many_logins_pause_every_worker_for_an_hour(
    org: LocalOrg, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    org.faults.add("login_rate_exceeded", path=TOKEN_PATH)
    with workers(3, url, local(org)) as crms:
        errors = [unavailable(crm) for crm in crms]

    assert {error.code for error in errors} == {"login LOGIN_RATE_EXCEEDED"}
    assert all(3500 < (e.retry_after_seconds or 0) <= 3600 for e in errors)
    assert org.stats()["logins"] == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_who_has_a_token_works_on_while_nobody_may_log_in(
    org: LocalOrg, url: str
) -> None:
    with workers(2, url, local(org)) as (first, second):
        write(first)
        first._session._tokens.pause("login LOGIN_RATE_EXCEEDED", 3600)
        write(first)
        write(second)

    assert org.stats()["logins"] == 1


def test_a_refusal_that_a_person_must_mend_stops_every_worker_until_new_settings(
    org: LocalOrg, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    org.register(jwt_app())
    wrong = jwt_login(org.url, key_name="a stranger's")
    with workers(2, url, wrong) as crms:
        errors = [unavailable(crm) for crm in crms]
    assert {e.code for e in errors} == {"login invalid_grant (invalid assertion)"}
    assert org.stats()["logins"] == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]

    with workers(1, url, jwt_login(org.url)) as (crm,):
        write(crm)

    assert org.stats()["logins"] == 2


def test_after_the_pause_one_worker_logs_in(
    org: LocalOrg, url: str, store: redis.Redis
) -> None:
    org.faults.add("login_rate_exceeded", path=TOKEN_PATH, times=1)
    with workers(2, url, local(org)) as (first, second):
        unavailable(first)
        (pause,) = store.keys("*:pause")
        store.delete(pause)
        write(second)
        write(first)

    assert org.stats()["logins"] == 2


def test_a_session_that_no_login_cures_is_said_once_and_asked_once_by_each(
    org: LocalOrg, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with workers(2, url, local(org)) as crms:
        for crm in crms:
            write(crm)
        org.reset_stats()
        org.faults.add("session_not_valid")
        for crm in crms * 2:
            assert unavailable(crm).code == "INVALID_SESSION_ID"

    assert (org.stats()["logins"], org.stats()["api_requests"]) == (0, 2)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def never() -> Grant:
    raise AssertionError("logged in")


def granted(token: str) -> Callable[[], Grant]:
    return lambda: Grant("https://acme.my.salesforce.com", token)


@contextmanager
def tokens_of(
    url: str, wait: Callable[[float], None] = lambda _: None
) -> Iterator[SharedTokens]:
    with closing(SharedTokens(client_of(url), TOKEN_KEY, LOGIN, wait=wait)) as tokens:
        yield tokens


def hold_lock(store: redis.Redis, tokens: SharedTokens) -> None:
    """Log in with a process that dies of it: its lock stays."""

    def die() -> Grant:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tokens.obtain(die)
    assert 0 < store.ttl(tokens._lock) <= LOCK_SECONDS


def test_who_waited_takes_the_token_that_the_other_got(
    url: str, store: redis.Redis
) -> None:
    with tokens_of(url) as dead, tokens_of(url) as other:
        hold_lock(store, dead)

        def wait(_seconds: float) -> None:
            store.delete(other._lock)
            other.obtain(granted("other's"))

        with tokens_of(url, wait) as tokens:
            assert tokens.obtain(never).token == "other's"


def test_who_waited_for_a_login_that_failed_takes_its_failure(
    url: str, store: redis.Redis
) -> None:
    def fail() -> Grant:
        raise CrmUnavailable("login HTTP 503")

    with tokens_of(url) as dead, tokens_of(url) as other:
        hold_lock(store, dead)

        def wait(_seconds: float) -> None:
            store.delete(other._lock)
            with pytest.raises(CrmUnavailable):
                other.obtain(fail)

        with tokens_of(url, wait) as tokens:
            with pytest.raises(CrmUnavailable, match="login HTTP 503"):
                tokens.obtain(never)
            assert other.obtain(granted("later")).token == "later"


@pytest.mark.parametrize("outcome", ["token", "pause"])
def test_who_gets_the_lock_looks_again_before_logging_in(
    url: str, store: redis.Redis, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    with tokens_of(url) as late, tokens_of(url) as quick:
        take_lock = late._take_lock

        def after_the_other(nonce: str) -> bool:
            if outcome == "token":
                quick.obtain(granted("quick"))
            else:
                quick.pause("login LOGIN_RATE_EXCEEDED", 3600)
            return take_lock(nonce)

        monkeypatch.setattr(late, "_take_lock", after_the_other)
        if outcome == "token":
            assert late.obtain(never).token == "quick"
        else:
            with pytest.raises(CrmUnavailable, match="LOGIN_RATE_EXCEEDED"):
                late.obtain(never)

        assert store.get(late._lock) is None


def test_the_lock_of_a_process_that_died_ends_by_itself(
    url: str, store: redis.Redis
) -> None:
    with tokens_of(url) as dead:
        hold_lock(store, dead)
        expired = dead._lock

    def wait(_seconds: float) -> None:
        store.delete(expired)

    with tokens_of(url, wait) as tokens:
        assert tokens.obtain(granted("own")).token == "own"


def test_a_lock_that_does_not_end_is_waited_for_no_longer_than_it_may_last(
    url: str, store: redis.Redis
) -> None:
    waits: list[float] = []
    with tokens_of(url) as dead, tokens_of(url, waits.append) as tokens:
        hold_lock(store, dead)

        with pytest.raises(CrmUnavailable, match="takes too long"):
            tokens.obtain(never)

    assert len(waits) == POLLS
    assert sum(waits) > LOCK_SECONDS


def test_who_lost_the_lock_stores_nothing_and_takes_the_newer_token(
    url: str, store: redis.Redis
) -> None:
    with tokens_of(url) as slow, tokens_of(url) as quick:

        def late() -> Grant:
            store.delete(slow._lock)
            quick.obtain(granted("quick"))
            return granted("slow")()

        assert slow.obtain(late).token == "quick"
        slow.drop("slow")
        assert quick.obtain(never).token == "quick"


def test_who_lost_the_lock_to_one_still_logging_in_uses_what_it_has(
    url: str, store: redis.Redis
) -> None:
    with tokens_of(url) as slow:

        def late() -> Grant:
            store.set(slow._lock, "another's")
            return granted("slow")()

        assert slow.obtain(late).token == "slow"
        assert store.get(slow._token) is None
        assert store.get(slow._lock) == b"another's"


def test_what_our_key_did_not_seal_is_no_token(
    url: str, store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    with tokens_of(url) as tokens:
        store.set(tokens._token, b"made up")

        assert tokens.obtain(granted("new")).token == "new"
        assert tokens.obtain(never).token == "new"

    assert "not sealed by TOKEN_KEY" in caplog.text


def test_another_key_shares_nothing(url: str) -> None:
    other_key = Fernet.generate_key().decode()
    with (
        tokens_of(url) as tokens,
        closing(SharedTokens(client_of(url), other_key, LOGIN)) as others,
    ):
        tokens.obtain(granted("ours"))

        assert others.obtain(granted("theirs")).token == "theirs"
        assert tokens.obtain(never).token == "ours"


@pytest.mark.parametrize(
    ("token_key", "logins"), [(TOKEN_KEY, 1), ("", 3)], ids=["shared", "own"]
)
def test_the_settings_say_whether_processes_share_their_token(
    org: LocalOrg,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    token_key: str,
    logins: int,
) -> None:
    variables = {
        "SALESFORCE_DOMAIN": org.url,
        "SALESFORCE_CLIENT_ID": "local",
        "SALESFORCE_CLIENT_SECRET": "local",
        "REDIS_URL": url,
        "TOKEN_KEY": token_key,
        "CONFIG_DIR": str(ROOT / "config"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    bootstrap.settings.cache_clear()
    try:
        for _ in range(3):
            with bootstrap.salesforce() as crm:
                write(crm)
    finally:
        bootstrap.settings.cache_clear()

    assert org.stats()["logins"] == logins
