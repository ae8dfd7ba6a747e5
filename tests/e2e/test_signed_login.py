"""Workers that log in by a key of their own, and share the token that they get."""

from __future__ import annotations

from cryptography.fernet import Fernet

from tests.crm.logins import AUDIENCE, OUR_KEY, USERNAME, jwt_app, key_pair

from .deliveries import cora_call
from .polling import eventually
from .stacks import Pieces

CALLS = 40


def test_worker_processes_log_in_once_by_their_key_and_again_when_it_expires(
    pieces: Pieces,
) -> None:
    key_file = pieces.data / "salesforce.pem"
    key_file.write_text(key_pair(OUR_KEY)[0], encoding="ascii")
    pieces.environment |= {
        "SALESFORCE_CLIENT_SECRET": "",
        "SALESFORCE_USERNAME": USERNAME,
        "SALESFORCE_PRIVATE_KEY_FILE": str(key_file),
        "SALESFORCE_AUDIENCE": AUDIENCE,
        "TOKEN_KEY": Fernet.generate_key().decode(),
    }
    pieces.org.register(jwt_app())
    accounts = [{"Account_Number__c": f"ACC-{number}"} for number in range(2 * CALLS)]
    pieces.org.insert("Debt_Account__c", accounts)
    pieces.start_redis()
    worker = pieces.start("worker")

    def deliver(numbers: range) -> None:
        calls = (cora_call(f"call-{n}", f"ACC-{n}") for n in numbers)
        pieces.take_in(("cora", body) for body in calls)
        eventually(
            lambda: worker.answers("pending" not in pieces.ledger.counts()),
            "all are settled",
        )

    deliver(range(CALLS))
    first_logins = pieces.org.stats()["logins"]
    pieces.org.faults.add("session_expired")
    deliver(range(CALLS, 2 * CALLS))

    assert pieces.ledger.counts() == {"synced": 2 * CALLS}
    assert (first_logins, pieces.org.stats()["logins"]) == (1, 2)
