"""The only place that builds real things. Floor 4."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import TYPE_CHECKING

from celery import Celery

from worker import broker
from worker.alarm import Alarm
from worker.bootstrap.shared import board, doorbell_app, notes
from worker.bootstrap.stores import (
    calls,
    engine,
    event_marks,
    events,
    history,
    is_file_missing,
    lanes,
    mapping_texts,
    settings,
    utc_now,
)
from worker.checking import Checker, RecordedMappings, Used
from worker.crm.usage import Budget
from worker.delivery.backlog import Backlogs
from worker.delivery.draining import Drainer
from worker.delivery.link_cache import LinkCache
from worker.delivery.pace import SIDE_BY_SIDE, LockWaits
from worker.delivery.past_mappings import PastMappings
from worker.errors import SettingsFault, StoreUnavailable, SyncError
from worker.intake import Intake
from worker.mapping_folder import LiveMappings, load_mappings
from worker.metrics import Metrics
from worker.org_schema import LiveSchema
from worker.rates import Rates
from worker.ringing import Ringing
from worker.servers import Server
from worker.settings import Needs
from worker.store.grouping import GroupedEvents
from worker.store.tallies import Tallies
from worker.store.unconfirmed import UnconfirmedEvents
from worker.telling import post_text

if TYPE_CHECKING:  # read when asked for: web, beat and most commands need no org
    from worker.crm.guarded_org import GuardedOrg
    from worker.crm.salesforce import SalesforceCrm

__all__ = [
    "alarm",
    "board",
    "calls",
    "celery_app",
    "check",
    "check_or_exit",
    "checker",
    "doorbell_app",
    "drainer",
    "engine",
    "event_marks",
    "events",
    "history",
    "intake",
    "is_file_missing",
    "lanes",
    "mapping_texts",
    "metrics",
    "org",
    "org_schema",
    "recorded_mappings",
    "salesforce",
    "settings",
    "used_mappings",
    "used_mappings_if_there",
    "utc_now",
]


@cache
def celery_app() -> Celery:
    """Return the Celery app; it reads its settings when first used.

    Wrong settings end the process with the faults: beat and Flower have no other hook.
    """

    def read() -> tuple[Server, int]:
        try:
            return settings().broker, settings().sweep_seconds
        except SettingsFault:
            check_or_exit()
            raise

    return broker.make_app(read)


def salesforce() -> AbstractContextManager[SalesforceCrm]:
    """Give a client of the org that the settings name. Raises `SettingsFault`."""
    from worker.bootstrap import org_access

    return org_access.open_client(settings(Needs.SALESFORCE))


def used_mappings() -> Used:
    """Return the content hashes of every mapping used. Raises `StoreUnavailable`.

    A database that is not there is not made by asking.
    """
    if is_file_missing():
        raise StoreUnavailable("no such file")
    return mapping_texts().known()


def used_mappings_if_there() -> Used:
    """Return the same; a database that is away now is no fault of the mappings."""
    try:
        return used_mappings()
    except StoreUnavailable:
        return {}


def checker(used: Callable[[], Used] = dict) -> Checker:
    """Return what finds faults of mappings."""
    return Checker(org_schema().read, used)


@cache
def org_schema() -> LiveSchema:
    """Return what the org's objects are known to be."""
    return LiveSchema(settings().config_dir / "salesforce")


@cache
def intake() -> Intake:
    """Return what takes deliveries in. Raises `SettingsFault` and `MappingFault`."""
    read = settings(Needs.WEBHOOK_SECRETS)
    doorbell = broker.Doorbell(doorbell_app(), time.monotonic)
    return Intake(
        events=GroupedEvents(engine()),
        mappings=LiveMappings(read.mappings_dir, time.time),
        connections=read.connections,
        lanes=read.lanes,
        ring=Ringing(doorbell.ring).ring,
        rates=Rates(read.door.rate_per_minute),
    )


@cache
def recorded_mappings() -> RecordedMappings:
    """Return the mappings that write: checked whole, and kept once used."""
    folder, schema = settings().mappings_dir, org_schema().folder
    live = LiveMappings(folder, time.time, checker(used_mappings), snapshots=schema)
    return RecordedMappings(live, mapping_texts(), utc_now)


@cache
def metrics() -> Metrics:
    """Return what Prometheus is told."""
    read = settings()
    budget = Budget(read.api_budget_percent, read.api_pause_percent)
    return Metrics(Tallies(engine()).take, notes, budget, utc_now)


@cache
def alarm() -> Alarm:
    """Return the alarm of urgent events that are not confirmed."""
    read = settings().compliance
    tell = partial(post_text, read.alarm_url) if read.alarm_url else _tell_nobody
    return Alarm(UnconfirmedEvents(engine()), read.alarm_seconds, tell)


def _tell_nobody(_text: str) -> None:
    """What is late is logged all the same."""


@cache
def org() -> GuardedOrg:
    """Return the org that the settings name, with its guard. Raises `SettingsFault`."""
    from worker.bootstrap import org_access

    return org_access.guarded_org(settings(Needs.SALESFORCE), board())


@cache
def drainer() -> Drainer:
    """Return what drains lanes. Raises `SettingsFault` and `MappingFault`."""
    read = settings(Needs.SALESFORCE)
    return Drainer(
        events=events(),
        lanes=lanes(),
        calls=calls(),
        past=PastMappings(mapping_texts()),
        crm=org().crm,
        mappings=recorded_mappings(),
        connections=read.connections,
        lease_seconds=read.lease_seconds,
        retry_hours=read.retry_hours,
        clock=utc_now,
        jitter=random.random,
        locks=LockWaits(time.sleep, random.random),
        side_by_side=SIDE_BY_SIDE,
        schema=org_schema().current,
        cache=LinkCache(read.link_cache_seconds, time.monotonic),
        guard=org().guard,
        backlogs=Backlogs(
            read.bulk_threshold, partial(org().lane_crm, read.bulk_threshold)
        ),
    )


def check(needs: Needs) -> None:
    """Read settings and mappings. Raises `SettingsFault` and `MappingFault`."""
    load_mappings(settings(needs).mappings_dir)


def check_or_exit() -> None:
    """End the process with every fault of what a worker needs, if there is one."""
    try:
        folder = settings(Needs.SALESFORCE).mappings_dir
        load_mappings(folder, checker(used_mappings_if_there))
    except SyncError as error:
        sys.exit(str(error))
