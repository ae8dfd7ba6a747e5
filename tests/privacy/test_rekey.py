"""Encrypting anew what is stored, on both engines."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text, update

from tests.privacy.ledger import KEY, Ledger
from tests.store.test_events import NOW
from tests.store.test_sealing import opened, stored_texts
from worker.errors import StoreSealed
from worker.store import rekeying
from worker.store.erasing import Erasure
from worker.store.events import EVENT
from worker.store.history import History
from worker.store.holds import Holds
from worker.store.rekeying import rekey
from worker.store.vault import Vault

OTHER = Fernet.generate_key().decode()


def quiet(seen: int, changed: int) -> None:
    pass


def fill(engine: Engine, name: str = "one") -> None:
    Ledger(engine).add(name)
    Holds(engine).place("ACC-1", reason="a lawsuit", actor="ops", at=NOW)


def test_everything_in_clear_is_encrypted(engine: Engine) -> None:
    fill(engine)

    with opened(engine, KEY) as with_key:
        assert rekey(with_key, quiet) == 3
        assert rekey(with_key, quiet) == 0
        assert Ledger(with_key).with_body() == {"one"}
        (hold,) = Holds(with_key).standing()
        assert (hold.party, hold.reason) == ("ACC-1", "a lawsuit")

    for clear in ("ACC-1", "Núñez", "They talked", "x-webhook"):
        assert clear not in stored_texts(engine)


def test_afterwards_the_old_key_is_needed_no_more(engine: Engine) -> None:
    with opened(engine, KEY) as old:
        fill(old)
    with opened(engine, OTHER, KEY) as both:
        fill(both, "two")
        assert rekey(both, quiet) == 3

    with opened(engine, OTHER) as new:
        assert Ledger(new).with_body() == {"one", "two"}
        assert len(Holds(new).standing()) == 2
        found = History(new).last_sent("Task", ["Account_Number__c=ACC-1"], [])
        assert len(found) == 2
        with new.connect() as connection:
            hashes = connection.execute(text("SELECT DISTINCT party_hash FROM event"))
            assert [row[0] for row in hashes] == [Vault([OTHER]).hash("ACC-1")]


def test_a_run_that_was_cut_off_is_taken_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "ROWS_A_BATCH", 2)
    for number in range(5):
        Ledger(engine).add(str(number))

    def cut_off(seen: int, changed: int) -> None:
        if changed >= 4:
            raise KeyboardInterrupt

    with opened(engine, KEY) as with_key:
        with pytest.raises(KeyboardInterrupt):
            rekey(with_key, cut_off)
        assert rekey(with_key, quiet) == 10 - 4


def test_rows_of_a_key_that_is_missing_stop_it_and_stay(engine: Engine) -> None:
    with opened(engine, KEY) as old:
        fill(old)
    before = stored_texts(engine)

    with (
        opened(engine, OTHER) as other,
        pytest.raises(StoreSealed, match="put it back"),
    ):
        rekey(other, quiet)

    assert stored_texts(engine) == before


def test_what_an_earlier_version_wrote_meanwhile_gets_its_hash(engine: Engine) -> None:
    with opened(engine, KEY) as with_key:
        fill(with_key)
        with with_key.begin() as connection:
            connection.execute(update(EVENT).values(party_hash=None))

        assert rekey(with_key, quiet) == 1

        with with_key.connect() as connection:
            hashes = connection.scalars(text("SELECT party_hash FROM event")).all()
        assert hashes == [Vault([KEY]).hash("ACC-1")]


def test_an_erased_party_stays_without_a_hash(engine: Engine) -> None:
    Ledger(engine).add("one")
    Erasure(engine, "ACC-1", None).erase(NOW, include_pending=False)

    with opened(engine, KEY) as with_key:
        rekey(with_key, quiet)
        (row,) = Ledger(with_key).events.newest(9)
        assert (row.party_key, row.party_hash) == ("", None)
