"""Proves one client: `python suite.py MODULE PLAN`. One line of JSON per outcome."""

import importlib
import json
import sys
from pathlib import Path

import features
import operations
from harness import Lacking, Wrong


def main() -> None:
    """Goes through the protocols and the features."""
    module, plan_file = sys.argv[1:3]
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    kind = importlib.import_module(f"clients.{module}").CLIENT
    for protocol in plan["protocols"]:
        for name, prove in features.ALL.items():
            say(protocol["name"], name, lambda: prove(kind, plan, protocol["models"]))
    client = features.made(kind, plan["base"], plan["key"])
    for name, (model, method, prove) in operations.ALL.items():
        if not hasattr(client, method):
            continue
        for asked in plan["operations"].get(model) or echoes(plan):
            at = asked.removeprefix("at-").split("/")[0]
            say(at, name, lambda: prove(client, asked))


def echoes(plan: dict) -> list[str]:
    """For what every model of conversations can do."""
    return [protocol["models"]["echo"] for protocol in plan["protocols"]]


def say(protocol: str, feature: str, prove) -> None:
    """Proves one thing and says what became of it."""
    flaw = lacks = None
    try:
        prove()
    except Lacking as error:
        lacks = str(error)
    except Wrong as error:
        flaw = str(error)
    except Exception as error:  # noqa: BLE001, whatever the library raises is the finding
        flaw = f"{type(error).__module__}.{type(error).__name__}: {error}"
    line = {"protocol": protocol, "feature": feature, "flaw": flaw, "lacks": lacks}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
