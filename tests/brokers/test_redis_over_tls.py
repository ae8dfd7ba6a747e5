"""Redis over TLS: what is trusted, what is told where it is not, and a whole run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from tests.commands.running import crm_sync
from tests.crm.logins import running_redis
from worker.crm.shared_tokens import SharedTokens
from worker.crm.token_store import Grant
from worker.errors import BrokerUnavailable
from worker.model import OrgLogin
from worker.redis_clients import open_redis, ping
from worker.servers import Server

from .asking import is_shared, ring_both, why_not
from .tls import Authority, tls_in_front

NOT_TRUSTED = "TLS: its certificate is not trusted, or not for this host"


@dataclass(frozen=True, slots=True)
class Front:
    """A Redis, and TLS in front of it with a certificate of the CA."""

    plain_url: str
    server: Server
    elsewhere: Server


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    ca_file = str(authority.ca_file)
    here, other = authority.certify("127.0.0.1"), authority.certify("127.0.0.9")
    with running_redis(folder) as url:
        target = urlsplit(url).port or 0
        with (
            tls_in_front(folder, target, here) as port,
            tls_in_front(folder, target, other) as other_port,
        ):
            yield Front(
                url,
                Server(f"rediss://127.0.0.1:{port}/0", ca_file),
                Server(f"rediss://127.0.0.1:{other_port}/0", ca_file),
            )


def check_refused(server: Server) -> None:
    client = open_redis(server, 2.0)
    with closing(client), pytest.raises(BrokerUnavailable, match=NOT_TRUSTED):
        ping(client)


def test_rings_and_notes_go_over_tls(front: Front) -> None:
    assert why_not(front.server) == ""
    assert ring_both(front.server) == {"celery": 2, "compliance": 1}
    assert is_shared(front.server)


def test_the_token_is_shared_over_tls(front: Front) -> None:
    key, logins = Fernet.generate_key().decode(), []
    login = OrgLogin("https://acme.my.salesforce.com", "id", "secret", "67.0")

    def log_in() -> Grant:
        logins.append(1)
        return Grant("https://acme.my.salesforce.com", "token")

    for _ in range(2):
        with closing(SharedTokens(open_redis(front.server, 2.0), key, login)) as each:
            assert each.obtain(log_in).token == "token"

    assert len(logins) == 1


def test_a_certificate_of_another_ca_is_not_trusted(
    front: Front, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    for server in (
        replace(front.server, ca_file=""),
        replace(front.server, ca_file=str(other.ca_file)),
    ):
        assert why_not(server).startswith(NOT_TRUSTED)
        check_refused(server)


def test_a_certificate_for_another_host_is_not_trusted(front: Front) -> None:
    assert why_not(front.elsewhere).startswith(NOT_TRUSTED)
    check_refused(front.elsewhere)


def test_a_port_without_tls_is_told(front: Front) -> None:
    """A plain Redis waits for the end of a line in the greeting of TLS."""
    without = replace(front.server, url=front.plain_url.replace("redis:", "rediss:"))

    assert why_not(without) == "no answer in time"


def test_the_doctor_names_the_kind_and_what_fails(front: Front, tmp_path: Path) -> None:
    def checks(**variables: str) -> dict[str, dict[str, object]]:
        database = f"sqlite:///{tmp_path / 'none.db'}"
        ended = crm_sync("doctor", "--json", DATABASE_URL=database, **variables)
        found: dict[str, dict[str, object]] = json.loads(ended.out)["checks"]
        return found

    url, ca_file = front.server.url, front.server.ca_file
    well = checks(REDIS_URL=url, REDIS_CA_FILE=ca_file)
    ill = checks(REDIS_URL=url)

    for name in ("broker", "redis"):
        assert well[name]["says"] == "Redis over TLS answers"
        assert str(ill[name]["says"]).startswith(f"Redis over TLS: {NOT_TRUSTED}")
