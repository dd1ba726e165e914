"""The table of outcomes."""

from .suites import Outcome

LETTERS_MAX = 700
HEAD = """# Real clients through the gateway

Each client came from its registry and was told nothing but the gateway's address and a key. Columns
are the protocols of the providers behind the gateway. ✓ works, whole and streamed. ✗ fails.
– the client has no such feature. Blank: no such provider does it.
"""


def is_good(outcomes: list[Outcome]) -> bool:
    """Whether nothing failed."""
    return not any(outcome.flaw for outcome in outcomes)


def summary(outcomes: list[Outcome]) -> str:
    """How many of each."""
    failing = sum(1 for outcome in outcomes if outcome.flaw)
    lacking = sum(1 for outcome in outcomes if outcome.lacks)
    works = len(outcomes) - failing - lacking
    return f"{works} work, {failing} fail, {lacking} are features that the client does not have"


def markdown(outcomes: list[Outcome]) -> str:
    """A table per client, then what clients lack and what fails."""
    parts = [HEAD]
    for name in dict.fromkeys(outcome.suite.name for outcome in outcomes):
        parts.append(_client(name, [it for it in outcomes if it.suite.name == name]))
    failing = [f"- {it.suite.name} × {it.protocol} × {it.feature}: {_short(it.flaw)}"
               for it in outcomes if it.flaw]
    if failing:
        parts.append("\n".join(["## Failing", "", *failing, ""]))
    return "\n".join(parts)


def _client(name: str, outcomes: list[Outcome]) -> str:
    cells = {(it.feature, it.protocol): it for it in outcomes}
    protocols = list(dict.fromkeys(it.protocol for it in outcomes))
    features = list(dict.fromkeys(it.feature for it in outcomes))
    width = max(len(feature) for feature in features)
    columns = [max(len(protocol), 3) for protocol in protocols]
    heads = [protocol.ljust(column) for protocol, column in zip(protocols, columns)]
    lines = [f"## {name}", "", f"| {''.ljust(width)} | {' | '.join(heads)} |",
             f"| {'-' * width} | {' | '.join('-' * column for column in columns)} |"]
    for feature in features:
        marks = [_mark(cells.get((feature, protocol))).ljust(column)
                 for protocol, column in zip(protocols, columns)]
        lines.append(f"| {feature.ljust(width)} | {' | '.join(marks)} |")
    reasons = dict.fromkeys(f"{it.feature}: {it.lacks}" for it in outcomes if it.lacks)
    lines += ["", *(f"- – {reason}" for reason in reasons), ""] if reasons else [""]
    return "\n".join(lines)


def _mark(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    if outcome.lacks:
        return "–"
    return "✗" if outcome.flaw else "✓"


def _short(flaw: str | None) -> str:
    text = " ".join((flaw or "").split())
    return text if len(text) <= LETTERS_MAX else text[:LETTERS_MAX] + "…"
