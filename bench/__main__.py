"""Run the benchmarks and print their figures with the conditions."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable

from bench.drain import measure_drain
from bench.mapping import measure_mapping

SECTIONS: dict[str, Callable[[], None]] = {
    "mapping": measure_mapping,
    "drain": measure_drain,
}


def main() -> None:
    names = sys.argv[1:] or list(SECTIONS)
    unknown = set(names) - set(SECTIONS)
    if unknown:
        sys.exit(f"no section {', '.join(unknown)}; there are: {', '.join(SECTIONS)}")
    print(f"Python {platform.python_version()} on {platform.machine()}")
    for name in names:
        print(f"\n{name}")
        SECTIONS[name]()


if __name__ == "__main__":
    main()
