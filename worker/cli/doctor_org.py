"""What `crm-sync doctor` says of Salesforce. Floor 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from worker.crm.breaker import Circuit
from worker.crm.guarded_org import GuardedOrg
from worker.crm.usage import Allowance, Usage
from worker.errors import CrmRefused, CrmUnavailable

LOGGED_IN = "logged in"


@dataclass(frozen=True, slots=True)
class OrgState:
    """The org as it was found. `login` is what came of it, or why it was not tried."""

    circuit: Circuit
    login: str
    usage: Usage | None
    allowance: Allowance
    now: float

    @property
    def is_well(self) -> bool:
        """Whether all calls are delivered, if slowly."""
        is_held = self.circuit.is_open or self.allowance is Allowance.URGENT_ONLY
        return not is_held and self.login == LOGGED_IN

    @property
    def says(self) -> str:
        """The state in one line."""
        return "; ".join((self.login, self._breaker(), self._usage()))

    def as_json(self) -> dict[str, Any]:
        """The state for programs; moments are seconds from now or ago."""
        circuit, usage = self.circuit, self.usage
        breaker: dict[str, Any] = {"open": circuit.is_open}
        if circuit.is_open:
            breaker["reason"] = circuit.reason
            breaker["open_seconds"] = round(self.now - circuit.opened_at)
            breaker["probe_in_seconds"] = max(0, round(circuit.ask_at - self.now))
        used = usage and {
            "used": usage.used,
            "limit": usage.limit,
            "app_used": usage.app_used,
            "app_limit": usage.app_limit,
            "percent": round(usage.percent, 1),
            "read_seconds_ago": round(self.now - usage.read_at),
            "allows": self.allowance.name.lower(),
        }
        return {"login": self.login, "breaker": breaker, "api_usage": used}

    def _breaker(self) -> str:
        if not self.circuit.is_open:
            return "breaker closed"
        open_seconds = round(self.now - self.circuit.opened_at)
        probe_seconds = max(0, round(self.circuit.ask_at - self.now))
        return (
            f"breaker open for {open_seconds} s ({self.circuit.reason}),"
            f" next probe in {probe_seconds} s"
        )

    def _usage(self) -> str:
        if self.usage is None:
            return "API usage not known"
        age_seconds = round(self.now - self.usage.read_at)
        held = {
            Allowance.ALL: "",
            Allowance.SLOWLY: ": usual calls are slowed down",
            Allowance.URGENT_ONLY: ": usual calls wait until it falls",
        }
        return (
            f"API usage {self.usage.used}/{self.usage.limit}"
            f" ({self.usage.percent:.0f} %), {age_seconds} s old"
            f"{held[self.allowance]}"
        )


def examine_org(org: GuardedOrg, now: float) -> OrgState:
    """Return the org's state; one that the workers leave alone is not asked."""
    circuit = org.guard.breaker.circuit()
    login = "not tried: the org is left alone" if circuit.is_open else _log_in(org)
    if login == LOGGED_IN and org.guard.meter.latest() is None:
        login = _ask_limits(org)
    usage = org.guard.meter.latest()
    return OrgState(circuit, login, usage, org.guard.allowance(), now)


def _log_in(org: GuardedOrg) -> str:
    try:
        org.session.client()
    except CrmUnavailable as error:
        return f"no login: {error.code}"
    return LOGGED_IN


def _ask_limits(org: GuardedOrg) -> str:
    """Ask for the usage that no worker knows; a user without the right may go on."""
    try:
        org.guard.meter.note_limits(org.crm.limits())
    except CrmRefused:
        return LOGGED_IN
    except CrmUnavailable as error:
        return f"logged in, and no answer: {error.code}"
    return LOGGED_IN
