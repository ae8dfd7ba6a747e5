"""`python -m tests.faults.soak --minutes 10`: load and faults, then the balance.

Everything is a real process: the Procfile's lines, Redis, the local org with a
database of its own and, where asked for, PostgreSQL and RabbitMQ. With `--old` workers
of another checkout run beside the new ones at times.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.brokers.rabbitmq import is_installed
from tests.databases import ENGINES
from tests.e2e.polling import holds
from worker.errors import StoreUnavailable

from .balance import Balance, read_events, take_balance
from .calls import debtors, make_calls
from .chaos import Chaos
from .site import Site, running_site
from .vendors import Load, Tally

BROKERS = ("redis", "rabbitmq")
DRAIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard.

    `kinds` are the faults to do, each once at least; all are where it is empty.
    """

    seconds: float
    seed: int
    per_second: float = 12.0
    debtors: int = 60
    pause_seconds: tuple[float, float] = (1.0, 4.0)
    kinds: tuple[str, ...] = ()
    hands: int = 2
    broker: str = "redis"
    old: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What was done, and what came of it."""

    tally: Tally
    done: Counter[str]
    restarts: int
    counts: dict[str, int]
    drain_seconds: float
    balance: Balance


def soak(folder: Path, engine: str, plan: Plan) -> Result:
    """Load a site while faults happen; let it settle all, and take the balance."""
    everyone = debtors(plan.debtors)
    with running_site(folder, engine, plan.broker) as site:
        site.start()
        with site.org() as org:
            org.seed("Debt_Account__c", [debtor.row for debtor in everyone])
        calls = make_calls(everyone, Random(plan.seed))
        random = Random(plan.seed + 1)
        load = Load(site.pieces.vendor, calls, plan.per_second, random)
        chaos = [
            Chaos(site, Random(plan.seed + 2 + hand), plan.pause_seconds, plan.old)
            for hand in range(plan.hands)
        ]
        stop = threading.Event()
        with _running(load, chaos, plan, stop):
            time.sleep(plan.seconds)
            holds(lambda: set(plan.kinds) <= set(_done(chaos)), DRAIN_SECONDS)
        started = time.monotonic()
        site.set_org_faults()
        site.await_org()
        holds(lambda: _is_settled(site), DRAIN_SECONDS)
        drain_seconds = time.monotonic() - started
        events = read_events(site.pieces.environment["DATABASE_URL"])
        with site.org() as org:
            balance = take_balance(load.tally, events, org, everyone)
        counts = site.pieces.ledger.counts()
        done = _done(chaos)
        return Result(load.tally, done, site.deaths, counts, drain_seconds, balance)


@contextmanager
def _running(
    load: Load, chaos: list[Chaos], plan: Plan, stop: threading.Event
) -> Iterator[None]:
    """Run the load and the faults side by side; at the end faults stop first."""
    failed: list[BaseException] = []
    quiet = threading.Event()

    def guard(target: object, *given: object) -> None:
        try:
            target(*given)
        except BaseException as error:
            failed.append(error)
            raise

    posting = threading.Thread(
        target=guard, args=(load.run, quiet, DRAIN_SECONDS), name="load"
    )
    breaking = [
        threading.Thread(target=guard, args=(each.run, stop, plan.kinds))
        for each in chaos
    ]
    for thread in (posting, *breaking):
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in breaking:
            thread.join()
        quiet.set()
        posting.join()
    if failed:
        raise RuntimeError("the soak itself failed") from failed[0]


def _done(chaos: list[Chaos]) -> Counter[str]:
    """How often each fault was done, by all hands."""
    return sum((each.done for each in chaos), Counter())


def _is_settled(site: Site) -> bool:
    try:
        return "pending" not in site.pieces.ledger.counts()
    except StoreUnavailable:
        return False


def describe(engine: str, plan: Plan, result: Result) -> str:
    """The table that a run ends with."""
    tally, balance = result.tally, result.balance
    answers = ", ".join(f"{word} {n}" for word, n in sorted(tally.answers.items()))
    lines = [
        f"{engine}, {plan.broker}, {plan.seconds:.0f} s, seed {plan.seed}",
        f"  calls {len(tally.calls)}, deliveries posted {tally.posted}: {answers}",
        f"  deliveries accepted {len(tally.events)}, events {result.counts}",
        f"  duplicates delivered {tally.answers['duplicate']},"
        f" of them on purpose {tally.repeated}",
        f"  faults {sum(result.done.values())}, restarts {result.restarts},"
        f" then settled in {result.drain_seconds:.0f} s",
        *(f"    {times:4} {name}" for name, times in sorted(result.done.items())),
        f"  lost {len(balance.lost)}, doubled {len(balance.doubled)},"
        f" stale {len(balance.stale)}",
        *(f"    {fault}" for fault in balance.faults()),
    ]
    return "\n".join(lines) + "\n"


def rounds(engine: str, broker: str) -> list[tuple[str, str]]:
    """Each engine with Redis; the last of them once more with RabbitMQ."""
    engines = ENGINES if engine == "both" else (engine,)
    with_redis = [(each, "redis") for each in engines if broker != "rabbitmq"]
    with_rabbitmq = [(engines[-1], "rabbitmq")] if broker != "redis" else []
    return with_redis + with_rabbitmq


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--broker", choices=(*BROKERS, "both"), default="redis")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--old", type=Path, help="a checkout of an older version")
    parser.add_argument("--keep", type=Path, help="a new folder for logs and data")
    options = parser.parse_args()
    if options.broker != "redis" and not is_installed():
        parser.error("install Debian's rabbitmq-server first, or take --broker redis")
    is_even = True
    for engine, broker in rounds(options.engine, options.broker):
        plan = Plan(options.minutes * 60, options.seed, old=options.old, broker=broker)
        with TemporaryDirectory(prefix="crm-sync-soak-") as made:
            folder = (options.keep or Path(made)) / f"{engine}-{broker}"
            folder.mkdir(parents=True)
            result = soak(folder, engine, plan)
        sys.stdout.write(describe(engine, plan, result))
        sys.stdout.flush()
        is_even = is_even and result.balance.is_even
    sys.exit(not is_even)


if __name__ == "__main__":
    main()
