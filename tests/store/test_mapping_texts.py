"""The texts of mappings that were used, and what they mark, on both engines."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import cora_call, cora_mapping, with_mapping
from tests.store.query_plans import statements
from tests.store.test_events import NOW
from worker.errors import StoreUnavailable
from worker.localorg import LocalOrg
from worker.store.engine import open_engine
from worker.store.mapping_texts import MappingText, MappingTexts
from worker.store.tables import SQLModel

TEXT = MappingText(
    source="cora",
    event="call.completed",
    version="1",
    content_hash="00112233aabbccdd",
    text="source: cora\nversion: 1  # für Núñez\n",
)
OTHER = dataclasses.replace(TEXT, content_hash="ffeeddccbbaa9988", text="other")
CALL_LOG = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
"""
PROMISE = """
  - object: Promise_To_Pay__c
    key: {External_Id__c: event.call_id}
    fields: {Status__c: {value: Pending}}
"""


def rows(engine: Engine) -> list[tuple[str, str]]:
    table = SQLModel.metadata.tables["mapping"]
    query = table.select().order_by(table.c.version, table.c.content_hash)
    with engine.connect() as connection:
        return [(row.version, row.text) for row in connection.execute(query)]


def test_a_text_is_given_back_as_it_was_used(engine: Engine) -> None:
    texts = MappingTexts(engine)

    texts.remember([TEXT, OTHER], NOW)

    assert texts.get("cora", "call.completed", TEXT.content_hash) == TEXT
    assert texts.get("cora", "call.completed", OTHER.content_hash) == OTHER


def test_a_text_that_was_never_used_is_not_there(engine: Engine) -> None:
    texts = MappingTexts(engine)
    texts.remember([TEXT], NOW)

    assert texts.get("cora", "call.completed", OTHER.content_hash) is None
    assert texts.get("altur", "call.completed", TEXT.content_hash) is None
    assert texts.get("cora", "payment.failed", TEXT.content_hash) is None
    assert texts.get("cora", "call.completed", TEXT.content_hash, "2") is None


def test_contents_that_went_by_one_version_are_told_apart(engine: Engine) -> None:
    texts = MappingTexts(engine)
    second = dataclasses.replace(OTHER, version="2")

    texts.remember([TEXT, OTHER, second], NOW)

    both = {TEXT.content_hash, OTHER.content_hash}
    assert texts.hashes("cora", "call.completed", "1") == both
    assert texts.hashes("cora", "call.completed", "2") == {OTHER.content_hash}
    assert texts.hashes("cora", "call.completed", "3") == set()
    assert texts.known() == {
        ("cora", "call.completed", "1"): both,
        ("cora", "call.completed", "2"): {OTHER.content_hash},
    }


def test_a_content_that_comes_back_as_another_version_is_kept_as_both(
    engine: Engine,
) -> None:
    texts = MappingTexts(engine)
    back = dataclasses.replace(TEXT, version="3", text="version: 3")

    texts.remember([TEXT], NOW)
    texts.remember([back], NOW + timedelta(days=1))

    assert texts.get("cora", "call.completed", TEXT.content_hash) == TEXT
    assert texts.get("cora", "call.completed", TEXT.content_hash, "3") == back


def test_the_first_text_of_a_content_stays(engine: Engine) -> None:
    texts = MappingTexts(engine)
    with_a_comment = dataclasses.replace(TEXT, text="# a comment")

    texts.remember([TEXT, TEXT], NOW)
    texts.remember([with_a_comment, OTHER], NOW + timedelta(days=1))

    assert rows(engine) == [("1", TEXT.text), ("1", OTHER.text)]


def test_nothing_is_written_where_all_texts_are_known(engine: Engine) -> None:
    texts = MappingTexts(engine)
    texts.remember([TEXT, OTHER], NOW)

    with statements(engine) as asked:
        texts.remember([OTHER, TEXT], NOW)
        texts.remember([], NOW)

    verbs = {text.split()[0] for text, _ in asked if text != "BEGIN"}
    assert verbs == {"SELECT"}
    assert "BEGIN IMMEDIATE" not in [text for text, _ in asked]


def test_unknown_texts_are_kept_in_one_statement(engine: Engine) -> None:
    with statements(engine) as asked:
        MappingTexts(engine).remember([TEXT, OTHER], NOW)

    assert sum(text.startswith("INSERT") for text, _ in asked) == 1


def test_a_text_that_several_use_first_at_the_same_time_is_kept_once(
    engine: Engine,
) -> None:
    everybody = Barrier(4, timeout=30)

    class Simultaneous(MappingTexts):
        def known(self) -> dict[tuple[str, str, str], set[str]]:
            found = super().known()
            everybody.wait()
            return found

    def remember(text: MappingText) -> None:
        Simultaneous(engine).remember([TEXT, text], NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(remember, [OTHER, OTHER, TEXT, TEXT]))

    assert rows(engine) == [("1", TEXT.text), ("1", OTHER.text)]


def test_texts_of_a_database_that_is_not_there_are_unavailable() -> None:
    texts = MappingTexts(open_engine("sqlite:////nowhere/at/all.db"))

    with pytest.raises(StoreUnavailable, match="OperationalError"):
        texts.remember([TEXT], NOW)
    with pytest.raises(StoreUnavailable, match="OperationalError"):
        texts.hashes("cora", "call.completed", "1")
    with pytest.raises(StoreUnavailable, match="OperationalError"):
        texts.get("cora", "call.completed", TEXT.content_hash)


def test_an_event_and_its_records_say_which_content_wrote_them(
    engine: Engine, org: LocalOrg
) -> None:
    without_a_key = """
  - object: Promise_To_Pay__c
    key: {External_Id__c: payload.nothingHere}
    fields: {Status__c: {value: Pending}}
"""
    mappings = cora_mapping(CALL_LOG + without_a_key)
    with with_mapping(engine, org, CALL_LOG + without_a_key) as harness:
        answer = harness.send(cora_call())
        harness.drain()

        mapping = mappings.find("cora", "call.completed")
        assert mapping is not None
        content_hash = mapping.spec.content_hash
        assert len(content_hash) == 16
        assert harness.event(answer.event_id).mapping_hash == content_hash
        records = harness.records(answer)
        assert [r.state for r in records] == ["synced", "parked"]
        assert [r.mapping_hash for r in records] == [content_hash, content_hash]


def test_a_record_of_another_content_of_the_version_is_written_again(
    engine: Engine, org: LocalOrg
) -> None:
    more = CALL_LOG.replace(
        "{value: Call}", "{value: Call}, CallType: {value: Inbound}"
    )
    org.faults.add("row_lock", object="Promise_To_Pay__c", every=1, times=1)
    with with_mapping(engine, org, more + PROMISE) as harness:
        answer = harness.send(cora_call())
        harness.drain()
        first = [r.mapping_hash for r in harness.records(answer)]
        harness.clock.move(minutes=1)
        changed = cora_mapping(CALL_LOG + PROMISE)
        later = dataclasses.replace(harness.drainer, mappings=changed)
        for lane in range(2):
            later.drain(lane)

        mapping = changed.find("cora", "call.completed")
        assert mapping is not None
        second = [r.mapping_hash for r in harness.records(answer)]
        assert second == [mapping.spec.content_hash] * 2
        assert first[0] not in second
        assert harness.ended(answer) == ("synced", None)


def test_a_record_of_the_same_content_is_not_written_again(
    engine: Engine, org: LocalOrg
) -> None:
    org.faults.add("row_lock", object="Promise_To_Pay__c", every=1, times=1)
    with with_mapping(engine, org, CALL_LOG + PROMISE) as harness:
        answer = harness.send(cora_call())
        harness.drain()
        (task,) = org.records("Task")
        harness.crm.update("Task", [{"Id": task["Id"], "Subject": "By hand"}])
        harness.clock.move(minutes=1)
        harness.drain()

        assert harness.ended(answer) == ("synced", None)
        (task,) = org.records("Task")
        assert task["Subject"] == "By hand"
