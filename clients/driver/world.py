"""The simulator and the gateway, with one provider per protocol."""

import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from .alias import PREFIX, Alias

# Where a simulator speaks each protocol.
PROTOCOLS = {
    "openai-chat": "/v1",
    "openai-responses": "/v1",
    "azure-openai": "",
    "anthropic-messages": "/v1",
    "gemini": "/v1beta",
    "vertex": "/v1",
    "vertex-anthropic": "/v1",
    "vertex-openai": "/v1",
    "bedrock-converse": "",
    "cohere": "/cohere",
    "mistral": "/mistral/v1",
    "ollama": "",
}
# Protocols without images by address.
NO_IMAGE_URLS = {"gemini", "vertex", "vertex-anthropic", "bedrock-converse", "ollama"}

# Models, and what the simulator calls them.
MODELS = {
    "echo": "echo",
    "tools": "tools",
    "json": "json",
    "think": "think",
    "vision": "vision",
    "limited": "echo+status:429+retry-after:7",
    "overloaded": "echo+status:503",
    "failing": "echo+error-after:2",
    "cut": "echo+cut-after:2",
}
# Converse leaves these to each maker, so that the name of the model decides.
CLAUDES_AT_BEDROCK = ("json", "think")
CLAUDE_AT_BEDROCK = "at-bedrock-claude"

# Models for what is not a conversation: name, output, protocols whose providers have such models.
OPERATIONS = {
    "embed": ("embeddings", ("openai-chat", "azure-openai", "gemini", "vertex", "cohere", "mistral",
                             "ollama")),
    "rerank": ("rerank", ("openai-chat", "cohere")),
    "image": ("image", ("openai-chat", "azure-openai", "gemini", "vertex")),
    "speech": ("speech", ("openai-chat", "azure-openai")),
    "transcribe": ("transcription", ("openai-chat", "azure-openai")),
    "moderate": ("moderation", ("openai-chat", "mistral")),
}

# A model of the built-in catalogue that nobody serves here.
UNSERVED = "openai/gpt-4o-mini"

PATIENCE_SECONDS = 20


class World:
    """Everything that runs, until it is left."""

    def __init__(self, binary: Path, work: Path) -> None:
        self._binary = binary
        self._work = work
        self._alias: Alias | None = None
        self._running: list[subprocess.Popen[bytes]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="tollgate-clients-")

    def __enter__(self) -> "World":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._alias:
            self._alias.close()
        self._folder.cleanup()

    def plan(self) -> dict[str, Any]:
        """What a suite is told: where the gateway is, a key, and which models to ask."""
        protocols = [{"name": name, "models": _names(name)} for name in PROTOCOLS]
        operations = {name: [f"at-{at}/{name}" for at in who] for name, (_, who) in
                      OPERATIONS.items()}
        return {"base": self._gateway, "key": self._key, "unserved": UNSERVED,
                "protocols": protocols, "operations": operations}

    def _start(self) -> None:
        simulator = self._listen("simulator", ["simulator", "--listen", "127.0.0.1:0"])
        simulator = simulator.removesuffix("/v1")
        self._alias = Alias(simulator)
        folder = Path(self._folder.name)
        config = folder / "tollgate.toml"
        config.write_text(configuration(simulator, self._alias.url), encoding="utf-8")
        options = ["--config", str(config), "--data-dir", self._folder.name]
        made = subprocess.run([self._binary, *options, "keys", "create", "--name", "clients",
                               "--json"], check=True, capture_output=True, env=_environment())
        self._key = json.loads(made.stdout)["key"]
        self._gateway = self._listen("gateway", [*options, "serve", "--listen", "127.0.0.1:0"])

    def _listen(self, name: str, arguments: list[str]) -> str:
        """Starts one of the program's servers and waits until it says where it listens."""
        log = self._work / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen([self._binary, *arguments], stdout=file,
                                       stderr=subprocess.STDOUT, env=_environment())
        self._running.append(process)
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and process.poll() is None:
            if found := re.search(r"http://127\.0\.0\.1:\d+\S*", log.read_text()):
                return found[0]
            time.sleep(0.05)
        raise RuntimeError(f"the {name} did not start:\n{log.read_text()}")


def configuration(simulator: str, claude: str) -> str:
    """The gateway's configuration file, as an operator would write it."""
    rows = []
    for protocol, path in PROTOCOLS.items():
        operations = {name: output for name, (output, who) in OPERATIONS.items()
                      if protocol in who}
        rows += _provider(f"at-{protocol}", protocol, simulator + path)
        rows += _models(f"at-{protocol}", MODELS, operations)
    rows += _provider(CLAUDE_AT_BEDROCK, "bedrock-converse", claude)
    names = {name: PREFIX + MODELS[name] for name in CLAUDES_AT_BEDROCK}
    rows += _models(CLAUDE_AT_BEDROCK, names, {})
    return "\n".join(rows)


def _provider(slug: str, protocol: str, base_url: str) -> list[str]:
    urls = "false" if protocol in NO_IMAGE_URLS else "true"
    return ["[[provider]]", f'slug = "{slug}"', f'protocol = "{protocol}"',
            f'base_url = "{base_url}"', f'api_key = "sk-{slug}"',
            f"quirks = {{ takes_image_urls = {urls} }}"]


def _models(slug: str, names: dict[str, str], operations: dict[str, str]) -> list[str]:
    rows = []
    for name, upstream in names.items():
        rows += _model(f"{slug}/{name}", '"text"')
        rows += _endpoint(f"{slug}/{name}", slug, upstream)
    for name, output in operations.items():
        rows += _model(f"{slug}/{name}", f'"{output}"')
        rows += _endpoint(f"{slug}/{name}", slug, name)
    return rows


def _model(name: str, output: str) -> list[str]:
    # What transcribes reads sound.
    reads = '"audio"' if output == '"transcription"' else '"text", "image"'
    return ["[[model]]", f'id = "{name}"', "context_length = 128000", f"input = [{reads}]",
            f"output = [{output}]"]


def _endpoint(model: str, provider: str, upstream: str) -> list[str]:
    return ["[[endpoint]]", f'model = "{model}"', f'provider = "{provider}"',
            f'upstream_model = "{upstream}"', "max_output = 16384",
            'price = { input = "2", output = "10" }']


def _names(protocol: str) -> dict[str, str]:
    """The gateway's names for the models of a protocol."""
    names = {name: f"at-{protocol}/{name}" for name in [*MODELS, "nonesuch"]}
    if protocol == "bedrock-converse":
        names |= {name: f"{CLAUDE_AT_BEDROCK}/{name}" for name in CLAUDES_AT_BEDROCK}
    return names


def _environment() -> dict[str, str]:
    """Without the keys and settings of whoever runs this."""
    kept = ("PATH", "HOME", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ}
