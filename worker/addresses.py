"""Who calls, and whether the address is one of those that may. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import (
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network

_LONGEST_HEADER = 4096
_LONGEST_HOP = 64
# One customer of a provider has at least as many IPv6 addresses as a /64 holds.
_IPV6_PREFIX_BITS = 64


def network(text: str) -> Network:
    """Return the network of a text such as 203.0.113.0/24. Raises ValueError."""
    return ip_network(text)


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Return whether the address is in one of the networks; no address is in none."""
    plain = _plain(address)
    # An address of the other version is in none.
    return plain is not None and any(ip_address(plain) in held for held in networks)


def caller(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the address of who really calls, as far as somebody trusted says so.

    `forwarded_for` is believed from its right end on, for as long as the hop that
    wrote it is trusted: what stands left of that may be anybody's invention.
    """
    found = _plain(peer) or ""
    if len(forwarded_for) > _LONGEST_HEADER:
        return found
    for hop in reversed(forwarded_for.split(",")):
        if not is_within(found, trusted):
            break
        plain = _plain(hop)
        if plain is None:
            break
        found = plain
    return found


def household(address: str) -> str:
    """Return what limits count an address by: of IPv6 the /64, else itself."""
    plain = _plain(address)
    if plain is None:
        return ""
    parsed = ip_address(plain)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _IPV6_PREFIX_BITS), strict=False))
    return plain


def _plain(text: str) -> str | None:
    """Return an address without port, brackets and zone; None where it is none."""
    text = text.strip()
    if len(text) > _LONGEST_HOP:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(parsed)
