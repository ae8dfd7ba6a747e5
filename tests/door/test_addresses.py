"""Whose address counts, behind proxies and without."""

from __future__ import annotations

import pytest

from worker.addresses import caller, household, is_within, network

PROXIES = [network("127.0.0.1"), network("10.0.0.0/8"), network("2001:db8:1::/48")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.66, 198.51.100.1,10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("127.0.0.1", "[2001:db8:9::1]:4711", "2001:db8:9::1"),
        ("127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:1::5", "2001:DB8:9::1", "2001:db8:9::1"),
    ],
)
def test_the_rightmost_hop_that_is_not_trusted_is_the_caller(
    peer: str, forwarded_for: str, expected: str
) -> None:
    assert caller(peer, forwarded_for, PROXIES) == expected


@pytest.mark.parametrize(
    "forwarded_for",
    [
        "unknown",
        "a" * 5000,
        "198.51.100.1, nobody",
        ",",
        "1.2.3.4.5",
        "é",
        "\x00",
        "0x1",
    ],
)
def test_what_is_no_address_leaves_the_proxys_own(forwarded_for: str) -> None:
    assert caller("127.0.0.1", forwarded_for, PROXIES) == "127.0.0.1"


def test_without_trusted_proxies_nobodys_word_is_taken() -> None:
    assert caller("127.0.0.1", "198.51.100.1", ()) == "127.0.0.1"


@pytest.mark.parametrize("peer", ["", "unix:", "@", "x" * 100])
def test_a_peer_without_an_address_has_none_and_is_nowhere_allowed(peer: str) -> None:
    assert caller(peer, "198.51.100.1", PROXIES) == ""
    assert not is_within(caller(peer, "", ()), [network("0.0.0.0/0"), network("::/0")])


def test_an_address_is_within_networks_of_its_own_version_alone() -> None:
    networks = [network("203.0.113.0/24"), network("2001:db8::/32")]

    assert is_within("203.0.113.255", networks)
    assert is_within("::ffff:203.0.113.1", networks)
    assert is_within("2001:db8::1", networks)
    assert not is_within("203.0.114.0", networks)
    assert not is_within("2001:db9::1", networks)


def test_a_household_of_ipv6_counts_as_one_caller() -> None:
    assert household("2001:db8:1:2::1") == household("2001:db8:1:2:ffff::9")
    assert household("2001:db8:1:2::1") != household("2001:db8:1:3::1")
    assert household("203.0.113.1") != household("203.0.113.2")
    assert household("nobody") == ""
