"""What every client is asked and how its answers are judged, whatever the library."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

QUESTIONS = json.loads((Path(__file__).parent.parent / "questions.json").read_text("utf-8"))
IMAGE = base64.b64decode(QUESTIONS["image"])
IMAGE_URI = f"data:image/png;base64,{QUESTIONS['image']}"


class Wrong(Exception):
    """Something is not as it should be."""


class Lacking(Exception):
    """The client has no such feature, for this reason."""


class City(BaseModel):
    """What structured answers are held to."""

    city: str
    population: int


@dataclass
class Call:
    """A call of a tool, in the client's own words and in common ones."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass
class Heard:
    """What a client has read. A stream fills it as it comes."""

    text: str = ""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)
    tokens: tuple[int, int] | None = None
    """Of the prompt and of the answer."""
    turn: Any = None
    """The answer as the library wants it back."""


@dataclass(frozen=True)
class Question:
    """What is asked."""

    model: str
    text: str
    image: bool = False
    tools: bool = False
    thinking: bool = False
    heard: Heard | None = None
    """The answer before, whose calls have these results now."""
    results: tuple[str, ...] = ()

    def answered(self) -> list[tuple[Call, str]]:
        """The calls with their results."""
        return list(zip(self.heard.calls, self.results)) if self.heard else []


@dataclass(frozen=True)
class Raises:
    """The error that a client's users catch."""

    error: type[Exception]
    status: int | None = None


class Client:
    """One library. Modules of `clients` say how it asks."""

    LACKS: dict[str, str] = {}
    """Features that it has not, and why."""
    ERRORS: dict[str, Raises] = {}
    """What it raises, by feature."""

    def __init__(self, base: str, key: str) -> None:
        """Makes the library's client; retries are off."""
        raise NotImplementedError

    def hear(self, question: Question, streamed: bool, heard: Heard) -> None:
        """Asks, and puts what it reads into `heard`."""
        raise NotImplementedError

    def parse(self, model: str, text: str, streamed: bool) -> City:
        """Asks for a city with the library's own help for structured answers."""
        raise NotImplementedError

    def status(self, error: Exception) -> int | None:
        """The HTTP status that an error tells."""
        return getattr(error, "status_code", None)


def same(what: str, got: Any, expected: Any) -> None:
    """Both are equal."""
    if got != expected:
        raise Wrong(f"{what}: got {got!r}, expected {expected!r}")


def must(holds: bool, otherwise: Callable[[], str]) -> None:
    """It holds."""
    if not holds:
        raise Wrong(otherwise())
