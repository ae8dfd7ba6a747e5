"""The page on metrics names every figure, and its alerts name no other."""

from __future__ import annotations

import re

import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from tests.docs.pages import ROOT, sections
from tests.metrics.test_figures import LATER, metrics_of, on
from tests.store.test_events import NOW
from tests.store.test_tallies import add
from worker import broker
from worker.noticeboard import OwnBoard
from worker.store.events import Events

PAGE = ROOT / "docs" / "metrics.md"
NAME = re.compile(r"crm_sync_\w+")


def labels_by_figure(engine: Engine) -> dict[str, set[str]]:
    """Every figure there is, with the names of its labels."""
    add(engine, state="parked", reason="no_match")
    Events(engine).reject("cora", "bad_signature", "10.0.0.1", NOW)
    usage = {"used": 1, "limit": 2}
    board = OwnBoard({broker.SWEPT: {"at": LATER.timestamp()}, "usage": usage})
    text = metrics_of(engine, on(board)).text().decode()
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_table_has_every_figure_with_its_labels(database: Engine) -> None:
    (table,) = (t for section in sections(PAGE) for t in section.tables)

    told = {
        name.strip("`"): {label.strip("`") for label in labels.split(", ") if label}
        for name, labels, _ in table.rows
    }

    assert told == labels_by_figure(database)


def test_the_alerts_are_yaml_and_ask_for_figures_that_there_are(
    database: Engine,
) -> None:
    blocks = [b.text for section in sections(PAGE) for b in section.blocks]
    alerts = yaml.safe_load(next(b for b in blocks if b.startswith("groups:")))
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    asked = {name for rule in rules for name in NAME.findall(rule["expr"])}

    assert len(rules) == 4
    assert asked <= set(labels_by_figure(database))
