"""The settings of the endpoint's limits, and `allow_from`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_settings import faults, good
from worker.addresses import network
from worker.model import DoorRules

CONNECTION = """
cora:
  source: cora
  secrets: CORA_WEBHOOK_SECRET
  allow_from: {allowed}
"""


def test_unset_limits_are_generous_and_believe_nobody() -> None:
    assert good().door == DoorRules(6000, 60, 10, ())


def test_limits_and_proxies_are_read() -> None:
    found = good(
        RATE_LIMIT_PER_MINUTE="600",
        REFUSALS_PER_MINUTE="6",
        BODY_SECONDS="30",
        TRUSTED_PROXIES=" 127.0.0.1, 10.0.0.0/8 ,2001:db8::/32,",
    ).door

    networks = map(network, ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32"))
    assert found == DoorRules(600, 6, 30, tuple(networks))


@pytest.mark.parametrize(
    "name", ["RATE_LIMIT_PER_MINUTE", "REFUSALS_PER_MINUTE", "BODY_SECONDS"]
)
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_limit_that_would_stop_all_is_a_fault(name: str, value: str) -> None:
    (fault,) = faults(**{name: value})

    assert fault.startswith(f"{name} has to be a whole number from 1 to")


@pytest.mark.parametrize("value", ["localhost", "10.0.0.1/8", "10.0.0.0/33", "*"])
def test_a_proxy_that_is_no_network_is_a_fault(value: str) -> None:
    (fault,) = faults(TRUSTED_PROXIES=value)

    assert fault.startswith("TRUSTED_PROXIES has to be addresses or networks")


def folder_with(tmp_path: Path, allowed: str) -> str:
    text = CONNECTION.format(allowed=allowed)
    (tmp_path / "connections.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("allowed", "networks"),
    [
        ("203.0.113.7", ["203.0.113.7/32"]),
        ("[203.0.113.0/24, 2001:db8::/32]", ["203.0.113.0/24", "2001:db8::/32"]),
    ],
)
def test_allow_from_is_one_network_or_several(
    tmp_path: Path, allowed: str, networks: list[str]
) -> None:
    connections = good(CONFIG_DIR=folder_with(tmp_path, allowed)).connections

    assert list(map(str, connections["cora"].allow_from)) == networks


@pytest.mark.parametrize(
    ("allowed", "problem"),
    [
        ("", "there is nothing here: leave the key out"),
        ("[]", "expected a list of at least 1"),
        ("cora.example", "no address or network: write it as 203.0.113.0/24"),
        ("[203.0.113.9/24]", "no address or network: write it as 203.0.113.0/24"),
        ("{a: b}", "expected a text or a list"),
    ],
)
def test_an_allow_from_that_could_mean_everybody_stops_the_start(
    tmp_path: Path, allowed: str, problem: str
) -> None:
    found = faults(CONFIG_DIR=folder_with(tmp_path, allowed))

    assert any(problem in fault for fault in found)
