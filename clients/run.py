#!/usr/bin/env python3
"""Runs real clients through the gateway and prints what works: `make clients`.

Nothing is told to a client but the gateway's address and a key. See README.md.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from driver import install, suites, table  # noqa: E402
from driver.world import World  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "clients"


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateway", type=Path, default=ROOT / "target/debug/tollgate",
                        help="the gateway's binary")
    parser.add_argument("--only", action="append", default=[], metavar="WORD",
                        help="run the clients with this word in their name; may be repeated")
    return parser.parse_args()


def main() -> int:
    """Installs, runs, prints; the number is the status to end with."""
    asked = arguments()
    chosen = suites.chosen(asked.only)
    if not chosen:
        names = ", ".join(suite.name for suite in suites.ALL)
        print(f"No such client. There are: {names}", file=sys.stderr)
        return 2
    if not asked.gateway.is_file():
        print(f"{asked.gateway} is missing: cargo build -p tollgate", file=sys.stderr)
        return 2
    install.install(WORK, {suite.language for suite in chosen})
    started = time.monotonic()
    with World(asked.gateway.resolve(), WORK) as world:
        outcomes = suites.run(chosen, WORK, world.plan())
    report = table.markdown(outcomes)
    (WORK / "clients.md").write_text(report, encoding="utf-8")
    print(report)
    print(f"{table.summary(outcomes)}, in {time.monotonic() - started:.0f} seconds.")
    return 0 if table.is_good(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
