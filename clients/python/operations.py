"""What is not a conversation. A client that can do it has the method named here."""

from collections.abc import Callable
from typing import Any

from harness import QUESTIONS, Client, must, same

PNG, MP3 = b"\x89PNG\r\n\x1a\n", (b"ID3", b"\xff\xf3", b"\xff\xf2", b"\xff\xfb")
TEXTS = ["The harbour is quiet.", "Lemons are yellow.", "The harbour master is loud."]

# By name: the kind of model, the client's method and the proof.
ALL: dict[str, tuple[str, str, Callable[[Any, str], None]]] = {}


def operation(name: str, model: str, method: str) -> Callable[[Any], Any]:
    """An operation that a client's method does with such models."""

    def register(prove: Callable[[Any, str], None]) -> None:
        ALL[name] = (model, method, prove)

    return register


@operation("embeddings", "embed", "embed")
def _embed(client: Client, model: str) -> None:
    vectors = client.embed(model, TEXTS)
    same("vectors", len(vectors), len(TEXTS))
    same("dimensions", {len(vector) for vector in vectors}, {8})
    must(len({tuple(vector) for vector in vectors}) == 3, lambda: f"not three: {vectors}")


@operation("rerank", "rerank", "rerank")
def _rerank(client: Client, model: str) -> None:
    same("order", client.rerank(model, "Who is the harbour master?", TEXTS), [2, 0, 1])


@operation("images", "image", "draw")
def _draw(client: Client, model: str) -> None:
    drawn = client.draw(model, "A blue door")
    must(drawn.startswith(PNG), lambda: f"no PNG: {drawn[:40]!r}")


@operation("speech", "speech", "speak")
def _speak(client: Client, model: str) -> None:
    sound = client.speak(model, TEXTS[0])
    must(sound.startswith(MP3), lambda: f"no MP3: {sound[:40]!r}")


@operation("transcriptions", "transcribe", "transcribe")
def _transcribe(client: Client, model: str) -> None:
    heard = client.transcribe(model, bytes(range(256)) * 8)
    must(len(heard.split()) > 4, lambda: f"heard: {heard!r}")


@operation("moderations", "moderate", "moderate")
def _moderate(client: Client, model: str) -> None:
    flags = client.moderate(model, ["I will kill the light", "Good morning"])
    same("flagged", flags, [True, False])


@operation("counting tokens", "echo", "count")
def _count(client: Client, model: str) -> None:
    few, many = (client.count(model, text) for text in ("Hi", QUESTIONS["text"] * 20))
    must(0 < few < many, lambda: f"tokens: {few}, {many}")
