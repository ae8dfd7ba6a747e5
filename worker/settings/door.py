"""What the endpoint bears, and whose word on addresses it takes. Floor 2."""

from __future__ import annotations

from worker.addresses import Network, network
from worker.model import DoorRules
from worker.settings.environment import Environment


def door_rules(environment: Environment) -> DoorRules:
    """Return the limits of the endpoint."""
    usual = DoorRules()

    def rate(name: str, default: int) -> int:
        return environment.number(name, default, least=1, most=10_000_000)

    return DoorRules(
        rate_per_minute=rate("RATE_LIMIT_PER_MINUTE", usual.rate_per_minute),
        refusals_per_minute=rate("REFUSALS_PER_MINUTE", usual.refusals_per_minute),
        body_seconds=environment.number(
            "BODY_SECONDS", usual.body_seconds, least=1, most=300
        ),
        trusted_proxies=_trusted_proxies(environment),
    )


def _trusted_proxies(environment: Environment) -> tuple[Network, ...]:
    texts = environment.text("TRUSTED_PROXIES").split(",")
    try:
        return tuple(network(text.strip()) for text in texts if text.strip())
    except ValueError:
        environment.faults.append(
            "TRUSTED_PROXIES has to be addresses or networks with commas, such as"
            " 127.0.0.1, 10.0.0.0/8"
        )
        return ()
