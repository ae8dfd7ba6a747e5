"""Deliveries of all vendors, each of another debtor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.cli.http_file import read_http_file
from worker.localorg import LocalOrg

FIXTURES = Path(__file__).parents[1] / "fixtures"
CORA = json.loads(
    read_http_file(FIXTURES / "cora" / "call.completed__full_envelope.http").body
)


def _fixture(name: str) -> Any:
    return json.loads(read_http_file(FIXTURES / f"{name}.http").body)


def phone_of(number: int) -> str:
    return f"+1512{5550000 + number:07}"


def mexican_phone_of(number: int) -> str:
    return f"+5255{55500000 + number:08}"


def seed_debtors(org: LocalOrg, count: int) -> None:
    """Put the debtors of so many deliveries into the org."""
    is_altur = [number % 10 in (5, 6) for number in range(count)]
    org.insert(
        "Debt_Account__c",
        [
            {
                "Name": f"Debtor {number}",
                "Account_Number__c": f"ACC-{number}",
                "Foreign_Id__c": f"F-{number}",
                "Phone__c": (mexican_phone_of if mexican else phone_of)(number),
            }
            for number, mexican in enumerate(is_altur)
        ],
    )


def mixed_deliveries(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield (connection, body): of ten five of Cora, two each of Altur and Vocobase."""
    templates = {
        "altur": _fixture("altur/on_call_end__newest"),
        "vocobase": _fixture("vocobase/session.completed__full"),
        "freeclimb": _fixture("freeclimb/callStatus__completed_with_recording"),
    }
    for number in range(count):
        digit = number % 10
        if digit < 5:
            yield "cora", _cora(number)
        elif digit < 7:
            yield "altur", _altur(number, templates["altur"])
        elif digit < 9:
            yield "vocobase", _vocobase(number, templates["vocobase"])
        else:
            yield "freeclimb", _freeclimb(number, templates["freeclimb"])


def _cora(number: int) -> bytes:
    call = f"call-{number:06}"
    outcomes = {"doNotCall": number % 50 == 0, "paymentMade": True}
    changed = {
        "callId": call,
        "fileNumber": f"ACC-{number}",
        "phoneNumber": phone_of(number),
        "outcomes": outcomes,
    }
    key = f"call.completed:mixed:{call}"
    body = {**CORA, "idempotencyKey": key, "payload": {**CORA["payload"], **changed}}
    return json.dumps(body).encode()


def _altur(number: int, template: Any) -> bytes:
    body = json.loads(json.dumps(template))
    body["id"] = f"cll_{number:06}"
    body["phone_number_to"] = mexican_phone_of(number)
    body["campaign_user"]["f_id"] = f"F-{number}"
    return json.dumps(body).encode()


def _vocobase(number: int, template: Any) -> bytes:
    body = json.loads(json.dumps(template))
    data = body["data"]
    data["session_id"] = f"0b7e4f5a-2222-4c1b-9d3e-{number:012}"
    data["variables"]["account_number"] = f"ACC-{number}"
    if data.get("call"):
        data["call"]["call_id"] = f"7d0c2f10-3333-4f2a-8a01-{number:012}"
        data["call"]["to_number"] = phone_of(number)
    return json.dumps(body).encode()


def _freeclimb(number: int, template: Any) -> bytes:
    body = {**template, "callId": f"CA{number:040x}", "parentCallId": None}
    body["from"] = phone_of(number)
    return json.dumps(body).encode()
