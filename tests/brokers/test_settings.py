"""`REDIS_URL` and `BROKER_URL`: which server is which, and what is wrong with a URL."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.deliveries import ROOT
from worker.errors import SettingsFault
from worker.servers import Server
from worker.settings import Needs, Settings, load_settings

from .tls import Authority

PAGE = (ROOT / "docs" / "brokers.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^## ([^\n]+)$|```sh\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
SENTINELS = "sentinel://a:1;b:2"


def loaded(**variables: str) -> Settings:
    return load_settings(
        {"CONFIG_DIR": str(ROOT / "config"), **variables}, Needs.NOTHING
    )


def fault(**variables: str) -> str:
    with pytest.raises(SettingsFault) as caught:
        loaded(**variables)
    (only,) = caught.value.faults
    return only


def documented() -> list[tuple[str, dict[str, str]]]:
    """Each example of the page, under its heading."""
    found, heading = [], ""
    for title, block in EXAMPLES:
        heading = title or heading
        if block:
            lines = (line.split("=", 1) for line in block.splitlines())
            found.append((heading, dict(lines)))
    return found


@pytest.mark.parametrize(("kind", "variables"), documented())
def test_the_page_shows_settings_as_they_are(
    kind: str, variables: dict[str, str], tmp_path: Path
) -> None:
    ca_file = str(Authority(tmp_path).ca_file)
    settings = loaded(
        **{n: ca_file if n.endswith("CA_FILE") else v for n, v in variables.items()}
    )

    assert settings.broker.kind == kind
    assert "password" not in repr(settings).replace("sentinel_password", "")


def test_one_url_does_for_both() -> None:
    plain, other = Server("redis://a/1"), Server("redis://b/2")
    by_default = Server("redis://127.0.0.1:6379/0")

    def found(**variables: str) -> tuple[Server | None, Server]:
        settings = loaded(**variables)
        return settings.redis, settings.broker

    assert found() == (by_default, by_default)
    assert found(REDIS_URL=plain.url) == (plain, plain)
    assert found(BROKER_URL=plain.url) == (plain, plain)
    assert found(REDIS_URL=plain.url, BROKER_URL=other.url) == (plain, other)
    assert found(BROKER_URL="amqp://c/v") == (None, Server("amqp://c/v"))


def test_sentinels_are_read_with_the_login_of_the_redis() -> None:
    server = Server("sentinel://me:a%3Bb@one;sentinel://two:2;three:3/7")

    assert server.sentinels == (("one", 26379), ("two", 2), ("three", 3))
    assert server.login == {"username": "me", "password": "a;b"}
    assert server.database == 7


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"REDIS_URL": "amqp://hidden@a/"}, "REDIS_URL has to be redis://host:port"),
        ({"BROKER_URL": "kafka://hidden@a"}, "BROKER_URL has to be redis://host:port"),
        ({"REDIS_URL": "redis://:hidden#x@a/0"}, "%23 for # in a password"),
        ({"REDIS_URL": "redis://a/0?password=hidden"}, "without ?options"),
        ({"REDIS_URL": "rediss://a/0?ssl_cert_reqs=none"}, "without ?options"),
        ({"REDIS_URL": "redis://a;b/0"}, "REDIS_URL has to be"),
        ({"REDIS_URL": "redis://a/zero"}, "redis://host:port/number"),
        ({"BROKER_URL": "amqp://a:hidden/v"}, "BROKER_URL has to be"),
        ({"REDIS_URL": SENTINELS}, "REDIS_SENTINEL_MASTER is not set: name"),
        ({"REDIS_SENTINEL_MASTER": "m"}, "REDIS_URL is not of Sentinels: begin it"),
        (
            {"BROKER_URL": "amqp://a/v", "BROKER_CA_FILE": "/x"},
            "BROKER_CA_FILE is set, but BROKER_URL is not over TLS",
        ),
        (
            {"REDIS_URL": "rediss://a/0", "REDIS_CA_FILE": "/nowhere"},
            "REDIS_CA_FILE cannot be read as certificates",
        ),
    ],
)
def test_what_cannot_be_used_is_a_fault_with_its_fix(
    variables: dict[str, str], said: str
) -> None:
    found = fault(**variables)

    assert said in found
    assert "hidden" not in found
