"""Nothing that holds a secret shows it: neither as text nor where it cannot be kept."""

from __future__ import annotations

import base64
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from worker import bootstrap
from worker.bootstrap import stores
from worker.crm.session import Session
from worker.crm.shared_tokens import SharedTokens
from worker.crm.token_store import Grant
from worker.errors import SettingsFault
from worker.rsgi import Gate
from worker.settings import Needs, load_settings
from worker.store.vault import Vault
from worker.wsgi import create_app

ROOT = Path(__file__).parents[1]
EVERYTHING = Needs.WEBHOOK_SECRETS | Needs.SALESFORCE
SECRETS = {
    "CORA_WEBHOOK_SECRET": "one-of-cora,two-of-cora",
    "ALTUR_WEBHOOK_SECRET": base64.b64encode(b"the secret of altur").decode(),
    "VOCOBASE_WEBHOOK_SECRET": "whsec_of-vocobase",
    "FREECLIMB_SIGNING_SECRET": "sigsec_of-freeclimb",
    "SALESFORCE_CLIENT_SECRET": "secret-of-the-app",
    "TOKEN_KEY": Fernet.generate_key().decode(),
    "DATA_KEY": f"{Fernet.generate_key().decode()},{Fernet.generate_key().decode()}",
    "METRICS_TOKEN": "token-of-the-metrics",
    "COMPLIANCE_ALARM_URL": "https://chat.example/hooks/path-of-the-hook",
    "DATABASE_URL": "postgresql://user:word-of-the-database@127.0.0.1/db",
    "REDIS_URL": "redis://:word-of-redis@127.0.0.1:1/0",
}
PLAIN = {
    "CONFIG_DIR": str(ROOT / "config"),
    "MAPPINGS_DIR": str(ROOT / "mappings"),
    "SALESFORCE_DOMAIN": "acme.my",
    "SALESFORCE_CLIENT_ID": "client-id",
}
# What of them must not be seen anywhere.
HIDDEN = [
    *(part for value in SECRETS.values() for part in value.split(",")),
    *("word-of-the-database", "word-of-redis", "path-of-the-hook"),
]
HOLDERS: dict[str, Callable[[], Any]] = {
    "settings": lambda: bootstrap.settings(EVERYTHING),
    "connections": lambda: dict(bootstrap.settings(EVERYTHING).connections),
    "login": lambda: bootstrap.settings(EVERYTHING).salesforce,
    "compliance": lambda: bootstrap.settings().compliance,
    "intake": bootstrap.intake,
    "endpoint": create_app,
    "gate": lambda: Gate(create_app(), 1, 1),
    "engine": bootstrap.engine,
    "events": bootstrap.events,
    "org": bootstrap.org,
    "board": bootstrap.board,
    "metrics": bootstrap.metrics,
    "alarm": bootstrap.alarm,
    "celery": bootstrap.celery_app,
    "doorbell": bootstrap.doorbell_app,
    "session": lambda: Session(login()),
    "tokens": lambda: SharedTokens(SECRETS["REDIS_URL"], SECRETS["TOKEN_KEY"], login()),
    "grant": lambda: Grant("https://acme", SECRETS["SALESFORCE_CLIENT_SECRET"]),
    "vault": lambda: Vault(SECRETS["DATA_KEY"].split(",")),
    "cipher": lambda: Fernet(SECRETS["TOKEN_KEY"]),
}


def login() -> Any:
    return bootstrap.settings(EVERYTHING).salesforce


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {**PLAIN, **SECRETS}.items():
        monkeypatch.setenv(name, value)
    cached = [
        value
        for module in (bootstrap, stores)
        for value in vars(module).values()
        if hasattr(value, "cache_clear")
    ]
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


def parts_of(holder: Any) -> Iterator[Any]:
    """Yield every object of ours that is in there, once each."""
    seen: set[int] = set()
    waiting = [holder]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list | tuple):
            waiting.extend(found)
        elif type(found).__module__.startswith("worker."):
            yield found
            slots = [s for kind in type(found).__mro__ for s in _slots(kind)]
            waiting.extend(getattr(found, slot, None) for slot in slots)
            waiting.extend(getattr(found, "__dict__", {}).values())


def _slots(kind: type) -> tuple[str, ...]:
    slots = getattr(kind, "__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


@pytest.mark.parametrize("name", HOLDERS)
def test_what_holds_a_secret_does_not_show_it(name: str) -> None:
    holder = HOLDERS[name]()

    for found in (holder, *parts_of(holder)):
        for shown in (repr(found), str(found), f"{found}"):
            assert [secret for secret in HIDDEN if secret in shown] == []


@pytest.mark.parametrize("name", HOLDERS)
def test_what_cannot_be_pickled_says_so_without_the_secret(name: str) -> None:
    said = pickling_fault(HOLDERS[name]())

    assert [secret for secret in HIDDEN if secret in said] == []


def pickling_fault(holder: Any) -> str:
    try:
        pickle.dumps(holder)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        return "".join(traceback.format_exception(error))
    return ""


@pytest.mark.parametrize("name", SECRETS)
def test_a_setting_that_is_refused_is_not_quoted(name: str) -> None:
    said = settings_said(**{name: "nonsense-\x01-\u00e9 of somebody"})

    assert "of somebody" not in said


def settings_said(**changes: str) -> str:
    try:
        return repr(load_settings({**PLAIN, **SECRETS, **changes}, EVERYTHING))
    except SettingsFault as fault:
        return f"{fault} {fault!r}"
