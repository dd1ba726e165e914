"""The clients, and running their suites."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .install import CLIENTS, node_folder, python_of

AT_ONCE = 2
SECONDS_MAX = 300


@dataclass(frozen=True)
class Suite:
    """One client, or one of the ways it has to ask."""

    name: str
    """As its users call it."""
    language: str
    """`python` or `node`."""
    module: str
    """Its file in the language's `clients` folder, without the extension."""
    variant: str = ""
    """Which one, when one file has several."""


ALL = [
    Suite("openai (Python) chat", "python", "openai_chat"),
    Suite("openai (Python) responses", "python", "openai_responses"),
    Suite("openai (Python) completions", "python", "openai_completions"),
    Suite("anthropic (Python)", "python", "anthropic_messages"),
    Suite("google-genai (Python)", "python", "google_genai"),
    Suite("ollama (Python)", "python", "ollama_chat"),
    Suite("openrouter (Python)", "python", "openrouter_chat"),
    Suite("openai (Node) chat", "node", "openai-chat"),
    Suite("openai (Node) responses", "node", "openai-responses"),
    Suite("@anthropic-ai/sdk", "node", "anthropic-messages"),
    Suite("@google/genai", "node", "google-genai"),
    Suite("ollama (Node)", "node", "ollama-chat"),
    Suite("@openrouter/sdk", "node", "openrouter-chat"),
    Suite("AI SDK, @openrouter/ai-sdk-provider", "node", "ai-sdk", "openrouter"),
    Suite("AI SDK, @ai-sdk/openai chat", "node", "ai-sdk", "openai-chat"),
    Suite("AI SDK, @ai-sdk/openai responses", "node", "ai-sdk", "openai-responses"),
    Suite("AI SDK, @ai-sdk/anthropic", "node", "ai-sdk", "anthropic"),
]


@dataclass(frozen=True)
class Outcome:
    """What became of one feature of one client at one provider."""

    suite: Suite
    protocol: str
    feature: str
    flaw: str | None
    """What went wrong; nothing when it works."""
    lacks: str | None
    """Why the client has no such feature."""


def chosen(words: list[str]) -> list[Suite]:
    """The suites with one of the words in their name; without words, all."""
    def is_chosen(suite: Suite) -> bool:
        name = suite.name.lower()
        return not words or any(word.lower() in name for word in words)
    return [suite for suite in ALL if is_chosen(suite)]


def run(suites: list[Suite], work: Path, plan: dict[str, Any]) -> list[Outcome]:
    """Runs them, some at once."""
    file = work / "plan.json"
    file.write_text(json.dumps(plan), encoding="utf-8")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [outcome for some in pool.map(lambda suite: _run(suite, work, file), suites)
                for outcome in some]


def _run(suite: Suite, work: Path, plan: Path) -> list[Outcome]:
    arguments = [suite.module, str(plan), suite.variant]
    if suite.language == "python":
        command = [python_of(work), "suite.py", *arguments]
        folder = CLIENTS / "python"
    else:
        command = ["node", "suite.mjs", *arguments]
        folder = node_folder(work)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    environment = kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True,
                              encoding="utf-8", timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return [_broken(suite, f"not done after {SECONDS_MAX} seconds")]
    outcomes = [Outcome(suite, **json.loads(line)) for line in done.stdout.splitlines()
                if line.startswith("{")]
    if done.returncode != 0 or not outcomes:
        outcomes.append(_broken(suite, f"ended with {done.returncode}: {done.stderr[-2000:]}"))
    print(f"  {suite.name}: {len(outcomes)} cells", flush=True)
    return outcomes


def _broken(suite: Suite, flaw: str) -> Outcome:
    return Outcome(suite, "", "the suite itself", flaw, None)
