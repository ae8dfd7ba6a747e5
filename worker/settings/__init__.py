"""The settings: environment and `config/`, read once into a frozen object. Floor 2.

Every variable is documented in `config/env.example`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from worker.errors import SettingsFault
from worker.model import Compliance, Connection, DoorRules, OrgLogin, Retention
from worker.servers import Server
from worker.settings.compliance import compliance
from worker.settings.connections import load_connections
from worker.settings.door import door_rules
from worker.settings.environment import Environment
from worker.settings.privacy import data_keys, retention
from worker.settings.salesforce import org_login, token_key
from worker.settings.servers import servers

DATABASE_SCHEMES = ("sqlite", "postgresql")
SHORTEST_TOKEN = 16


class Needs(Flag):
    """What a process cannot do without; the rest may stay unset for it."""

    NOTHING = 0
    WEBHOOK_SECRETS = auto()
    SALESFORCE = auto()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between two deployments. Secrets are not in its repr."""

    database_url: str = field(repr=False)
    redis: Server | None
    broker: Server
    token_key: str = field(repr=False)
    metrics_token: str = field(repr=False)
    data_keys: tuple[str, ...] = field(repr=False)
    retention: Retention
    compliance: Compliance
    door: DoorRules
    salesforce: OrgLogin | None
    connections: Mapping[str, Connection]
    config_dir: Path
    mappings_dir: Path
    max_body_bytes: int
    lanes: int
    lease_seconds: int
    sweep_seconds: int
    retry_hours: int
    link_cache_seconds: int
    api_budget_percent: int
    api_pause_percent: int
    bulk_threshold: int


def load_settings(variables: Mapping[str, str], needs: Needs) -> Settings:
    """Return the settings. Raises `SettingsFault` with every fault and its fix."""
    environment = Environment(variables)
    number = environment.number
    config_dir = Path(environment.text("CONFIG_DIR", "config"))
    redis, broker = servers(environment)
    settings = Settings(
        database_url=_database_url(environment),
        redis=redis,
        broker=broker,
        token_key=token_key(environment),
        metrics_token=_metrics_token(environment),
        data_keys=data_keys(environment),
        retention=retention(environment),
        compliance=compliance(environment),
        door=door_rules(environment),
        salesforce=org_login(environment) if Needs.SALESFORCE in needs else None,
        connections=load_connections(
            config_dir / "connections.yaml",
            environment,
            with_secrets=Needs.WEBHOOK_SECRETS in needs,
        ),
        config_dir=config_dir,
        mappings_dir=Path(environment.text("MAPPINGS_DIR", "mappings")),
        max_body_bytes=number("MAX_BODY_BYTES", 1_048_576, least=1024, most=67_108_864),
        lanes=number("LANES", 2, least=1, most=1024),
        lease_seconds=number("LEASE_SECONDS", 20, least=1, most=3600),
        sweep_seconds=number("SWEEP_SECONDS", 10, least=1, most=3600),
        retry_hours=number("RETRY_HOURS", 72, least=1, most=8760),
        link_cache_seconds=number("LINK_CACHE_SECONDS", 300, least=0, most=86_400),
        api_budget_percent=number("API_BUDGET_PERCENT", 80, least=1, most=100),
        api_pause_percent=number("API_PAUSE_PERCENT", 95, least=1, most=100),
        bulk_threshold=number("BULK_THRESHOLD", 5000, least=200, most=100_000_000),
    )
    _check_shares(environment, settings)
    if environment.faults:
        raise SettingsFault(tuple(environment.faults))
    return settings


def _check_shares(environment: Environment, settings: Settings) -> None:
    if settings.api_pause_percent < settings.api_budget_percent:
        environment.faults.append(
            "API_PAUSE_PERCENT has to be at least API_BUDGET_PERCENT:"
            f" {settings.api_pause_percent} is less than {settings.api_budget_percent}"
        )


def _database_url(environment: Environment) -> str:
    url = environment.text("DATABASE_URL", "sqlite:///crm-sync.db")
    try:
        scheme = make_url(url).get_backend_name()
    except (ArgumentError, ValueError):
        scheme = ""
    if scheme not in DATABASE_SCHEMES:
        environment.faults.append(
            "DATABASE_URL has to be sqlite:///file or"
            " postgresql://user:password@host/database, with %40 for @ in a password"
        )
    return url


def _metrics_token(environment: Environment) -> str:
    """Return what a reader of `/metrics` has to hold; unset, nobody reads it."""
    token = environment.text("METRICS_TOKEN")
    is_sendable = token.isascii() and token.isprintable() and " " not in token
    if token and not (is_sendable and len(token) >= SHORTEST_TOKEN):
        environment.faults.append(
            f"METRICS_TOKEN has to be {SHORTEST_TOKEN} or more letters, digits and"
            " signs of ASCII; make one:"
            " python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return token
