"""What is encrypted in the database, by which key it can be read. Both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from tests.store.test_events import NOW, new_event
from tests.store.test_lanes import outcome, record, take
from worker.errors import StoreSealed
from worker.store.engine import open_engine
from worker.store.events import Events, Stored
from worker.store.history import History
from worker.store.lanes import Lanes
from worker.store.vault import Vault

KEY, OTHER = Fernet.generate_key().decode(), Fernet.generate_key().decode()
BODY = '{"name":"Núñez"}'.encode()

Opener = Callable[..., Engine]


@contextmanager
def opened(engine: Engine, *keys: str) -> Iterator[Engine]:
    """The same database, with these keys."""
    made = open_engine(engine.url.render_as_string(hide_password=False), keys)
    try:
        yield made
    finally:
        made.dispose()


@pytest.fixture
def with_keys(engine: Engine) -> Iterator[Opener]:
    with ExitStack() as stack:
        yield lambda *keys: stack.enter_context(opened(engine, *keys))


def add_and_settle(engine: Engine, **changes: object) -> Stored:
    """Store an event about ACC-1, and what was written of it."""
    stored = Events(engine).add(new_event(**changes))
    lanes = Lanes(engine)
    lease = take(lanes)
    written = record(key="Phone=+15125550101", fields={"Subject": "Told us of a will"})
    lanes.settle(lease, [outcome(stored.event_id, records=(written,))], NOW)
    lanes.release(lease)
    return stored


def stored_texts(engine: Engine) -> str:
    """Everything in the two tables, as it is stored."""
    with engine.connect() as connection:
        rows: list[Sequence[object]] = []
        for name in ("event", "record"):
            rows += connection.execute(text(f"SELECT * FROM {name}")).all()
    return "\n".join(
        part.decode() if isinstance(part, bytes) else str(part)
        for row in rows
        for part in row
    )


def test_what_is_written_with_a_key_is_given_back_and_not_in_clear(
    with_keys: Opener,
) -> None:
    engine = with_keys(KEY)

    stored = add_and_settle(engine)

    row = Events(engine).get(stored.event_id)
    assert row is not None
    assert (row.body, row.party_key) == (BODY, "ACC-1")
    assert row.headers == {"x-webhook-event": "call.completed"}
    (written,) = Events(engine).records([stored.event_id])
    assert written.fields == {"Subject": "Told us of a will"}
    assert written.key == "Phone=+15125550101"
    for clear in ("Núñez", "ACC-1", "x-webhook", "will", "5125550101", "Phone"):
        assert clear not in stored_texts(engine)


def test_without_a_key_rows_are_stored_as_they_were_before(engine: Engine) -> None:
    add_and_settle(engine)

    assert "sealed1" not in stored_texts(engine)
    assert "Told us of a will" in stored_texts(engine)


def test_rows_in_clear_are_read_with_a_key_too(
    engine: Engine, with_keys: Opener
) -> None:
    stored = add_and_settle(engine)

    row = Events(with_keys(KEY)).get(stored.event_id)

    assert row is not None
    assert (row.body, row.party_key) == (BODY, "ACC-1")


def test_any_of_the_keys_reads_and_the_first_writes(with_keys: Opener) -> None:
    old = add_and_settle(with_keys(KEY))
    both = with_keys(OTHER, KEY)

    new = add_and_settle(both, dedupe_key="new")

    events = Events(with_keys(OTHER))
    row = events.get(new.event_id)
    assert row is not None
    assert row.body == BODY
    assert [e.id for e in Events(both).newest(9)] == [new.event_id, old.event_id]
    with pytest.raises(StoreSealed, match="DATA_KEY"):
        events.get(old.event_id)


@pytest.mark.parametrize("keys", [(), (OTHER,)], ids=["no key", "another key"])
def test_rows_of_a_key_that_is_not_there_are_named_and_left_alone(
    with_keys: Opener, keys: tuple[str, ...]
) -> None:
    stored = add_and_settle(with_keys(KEY))
    pending = Events(with_keys(KEY)).add(new_event(dedupe_key="pending"))
    before = stored_texts(with_keys())
    engine = with_keys(*keys)

    for ask in (
        lambda: Events(engine).get(stored.event_id),
        lambda: Events(engine).newest(9),
        lambda: Events(engine).records([stored.event_id]),
        lambda: Lanes(engine).due(3, NOW, 9),
    ):
        with pytest.raises(StoreSealed, match="put it back"):
            ask()

    assert stored_texts(with_keys()) == before
    assert Lanes(with_keys(KEY)).due(3, NOW, 9)[0].id == pending.event_id


def test_a_damaged_row_says_so(with_keys: Opener) -> None:
    engine = with_keys(KEY)
    stored = add_and_settle(engine)
    with engine.begin() as connection:
        name = "CAST(substr(CAST(body AS TEXT), 1, 40) AS BLOB)"
        if engine.dialect.name == "postgresql":
            name = "substring(body from 1 for 40)"
        connection.execute(text(f"UPDATE event SET body = {name}"))

    with pytest.raises(StoreSealed, match="damaged"):
        Events(engine).get(stored.event_id)


def test_the_same_delivery_is_a_duplicate_under_another_key(
    engine: Engine, with_keys: Opener
) -> None:
    first = Events(engine).add(new_event())

    assert Events(with_keys(KEY)).add(new_event()) == Stored(first.event_id, False)
    assert not Events(with_keys(OTHER, KEY)).add(new_event()).is_new


def test_what_was_sent_is_found_under_keys_of_all_ages_whatever_the_case(
    engine: Engine, with_keys: Opener
) -> None:
    keys: list[tuple[str, ...]] = [(), (KEY,), (OTHER, KEY)]
    for number, have in enumerate(keys):
        add_and_settle(with_keys(*have), dedupe_key=str(number))

    found = History(with_keys(OTHER, KEY)).last_sent("Task", ["phone=+15125550101"], [])

    assert len(found) == 3


@pytest.mark.parametrize("start", ["sealed1:0:x", "plain1:x", "sealed1:"])
def test_a_value_that_looks_encrypted_is_given_back_as_it_came(
    with_keys: Opener, start: str
) -> None:
    for number, keys in enumerate([(), (KEY,)]):
        engine = with_keys(*keys)
        stored = Events(engine).add(
            new_event(dedupe_key=str(number), party_key=start, body=start.encode())
        )
        row = Events(engine).get(stored.event_id)
        assert row is not None
        assert (row.party_key, row.body) == (start, start.encode())


def test_a_vault_shows_no_key() -> None:
    assert KEY not in repr(vars(Vault([KEY]))) + repr(Vault([KEY]))
