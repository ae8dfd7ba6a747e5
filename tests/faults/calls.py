"""Calls as the vendors report them: what each delivery says, and of whom."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.e2e.deliveries import fixture_body

# When the first call was. Those of one debtor are seconds apart.
BEGIN = datetime(2026, 5, 4, 8, tzinfo=UTC)
TEMPLATES = {
    name: json.loads(fixture_body(fixture))
    for name, fixture in {
        "cora": "cora/call.completed__full_envelope",
        "altur": "altur/on_call_end__newest",
        "vocobase": "vocobase/session.completed__full",
        "freeclimb": "freeclimb/callStatus__outbound_api",
    }.items()
}
# The vendors know a debtor by what tells the lane: the same name, the same lane.
GROUPS = (("cora", "vocobase"), ("altur",), ("cora",), ("freeclimb",))
CONTACTS = ("converted", "refused", "undecided")
ENDS = ("completed", "busy", "failed")


@dataclass(frozen=True, slots=True)
class Debtor:
    """An account of the org, and which vendors call its debtor."""

    number: int
    vendors: tuple[str, ...]

    @property
    def account(self) -> str:
        return f"ACC-{self.number}"

    @property
    def row(self) -> dict[str, str]:
        """The account as the org has it before any call."""
        mexican = self.vendors == ("altur",)
        return {
            "Name": f"Debtor {self.number}",
            "Account_Number__c": self.account,
            "Foreign_Id__c": f"F-{self.number}",
            "Phone__c": (_mexican if mexican else _phone)(self.number),
        }


@dataclass(slots=True)
class Call:
    """A call: its bodies, one a revision, oldest first, and what they come to.

    `moment` is when it was, where its vendor says so.
    """

    id: str
    vendor: str
    debtor: Debtor
    result: str
    bodies: list[bytes] = field(default_factory=list)
    urgent: bool = False
    has_promise: bool = False
    summary: str | None = None
    moment: datetime | None = None


def debtors(count: int) -> list[Debtor]:
    return [Debtor(number, GROUPS[number % len(GROUPS)]) for number in range(count)]


def make_calls(everyone: list[Debtor], random: Random) -> Iterator[Call]:
    """Yield calls without end; a debtor's later call is later in time too."""
    number = 0
    while True:
        debtor = random.choice(everyone)
        vendor = random.choice(debtor.vendors)
        moment = BEGIN + timedelta(seconds=number)
        yield MAKERS[vendor](number, debtor, moment, random)
        number += 1


def _cora(number: int, debtor: Debtor, moment: datetime, random: Random) -> Call:
    call_id, revisions = f"cora-{number:06}", random.choice((1, 1, 1, 1, 2, 3))
    call = Call(call_id, "cora", debtor, "", moment=moment)
    call.urgent = random.random() < 0.1
    call.has_promise = random.random() < 0.3
    outcomes: dict[str, Any] = {"wasTheRightParty": True}
    outcomes |= {"doNotCall": True} if call.urgent else {}
    outcomes |= {"promiseToPayDays": 7} if call.has_promise else {}
    for revision in range(revisions):
        call.summary = f"Talk {number}, as of {revision}."
        body = deepcopy(TEMPLATES["cora"])
        body["idempotencyKey"] = f"call.completed:soak:{call_id}"
        body["timestamp"] = _text(moment + timedelta(minutes=1 + revision))
        body["payload"] |= {
            "callId": call_id,
            "fileNumber": debtor.account,
            "phoneNumber": _phone(debtor.number),
            "createdAt": _text(moment),
            "summary": call.summary,
            "outcomes": outcomes,
        }
        call.bodies.append(json.dumps(body).encode())
    call.result = f"Cora: {call.summary}"
    return call


def _altur(number: int, debtor: Debtor, moment: datetime, random: Random) -> Call:
    status = random.choice(CONTACTS)
    body = deepcopy(TEMPLATES["altur"])
    body |= {"id": f"cll_{number:06}", "phone_number_to": _mexican(debtor.number)}
    body |= {"ended_at": _text(moment)}
    body["campaign_user"] |= {"f_id": f"F-{debtor.number}", "status": status}
    body["campaign_user"]["contact"] = _mexican(debtor.number)
    result = f"Altur: {status.title()}"
    call = Call(body["id"], "altur", debtor, result, moment=moment)
    call.bodies.append(json.dumps(body).encode())
    call.has_promise = True
    return call


def _vocobase(number: int, debtor: Debtor, moment: datetime, random: Random) -> Call:
    status = random.choice(ENDS)
    body = deepcopy(TEMPLATES["vocobase"])
    data = body["data"]
    data["session_id"] = f"0b7e4f5a-2222-4c1b-9d3e-{number:012}"
    data["variables"]["account_number"] = debtor.account
    data["call"] |= {
        "call_id": f"7d0c2f10-3333-4f2a-8a01-{number:012}",
        "to_number": _phone(debtor.number),
        "disposition": status,
    }
    data["transcript"][0]["timestamp"] = _text(moment)
    result = f"Vocobase: {status.title()}"
    call = Call(data["call"]["call_id"], "vocobase", debtor, result, moment=moment)
    call.bodies.append(json.dumps(body).encode())
    return call


def _freeclimb(number: int, debtor: Debtor, moment: datetime, random: Random) -> Call:
    """FreeClimb says when a call was by the time of its signature alone."""
    status = random.choice(ENDS)
    body = {**TEMPLATES["freeclimb"], "callId": f"CA{number:040x}"}
    body |= {"callStatus": status, "to": _phone(debtor.number)}
    call = Call(body["callId"], "freeclimb", debtor, f"FreeClimb: {status.title()}")
    call.bodies.append(json.dumps(body).encode())
    return call


Maker = Callable[[int, Debtor, datetime, Random], Call]
MAKERS: dict[str, Maker] = {
    "cora": _cora,
    "altur": _altur,
    "vocobase": _vocobase,
    "freeclimb": _freeclimb,
}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _phone(number: int) -> str:
    return f"+1512{5550000 + number:07}"


def _mexican(number: int) -> str:
    return f"+5255{55500000 + number:08}"
