"""Run the benchmarks and print their figures with the conditions."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from functools import partial

from bench.drain import measure_drain
from bench.intake import measure_intake
from bench.mapping import measure_mapping
from bench.salesforce import PROCESSES, measure_salesforce
from bench.store import measure_store

SECTIONS = ("mapping", "drain", "salesforce", "intake", "store")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="NAME")
    parser.add_argument("--events", type=int, default=10_000, help="for salesforce")
    parser.add_argument("--seconds", type=int, default=60, help="for both")
    parser.add_argument("--lanes", type=int, default=PROCESSES, help="for salesforce")
    options = parser.parse_args()
    run: dict[str, Callable[[], None]] = {
        "mapping": measure_mapping,
        "drain": measure_drain,
        "store": measure_store,
        "intake": partial(measure_intake, options.seconds),
        "salesforce": partial(
            measure_salesforce, options.events, options.seconds, options.lanes
        ),
    }
    print(f"Python {platform.python_version()} on {platform.machine()}")
    for name in options.sections or SECTIONS:
        print(f"\n{name}")
        run[name]()


if __name__ == "__main__":
    main()
