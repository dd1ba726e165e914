"""The features of conversations that clients are proven with."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, wraps
from typing import Any

from harness import QUESTIONS, City, Client, Heard, Lacking, Question, Wrong, must, same

Models = dict[str, str]
Feature = Callable[[type[Client], dict[str, Any], Models], None]

ALL: dict[str, Feature] = {}
LONG = "one two three four five six seven eight"


@cache
def made(kind: type[Client], base: str, key: str) -> Client:
    """One for each key, as in a program: its connections are used again."""
    return kind(base, key)


def feature(name: str, whole: bool = True, streamed: bool = True) -> Callable[[Any], Any]:
    """A feature, proven in these ways."""

    def register(prove: Callable[[Client, Models, bool], None]) -> None:
        @wraps(prove)
        def proven(kind: type[Client], plan: dict[str, Any], models: Models) -> None:
            if reason := kind.LACKS.get(name):
                raise Lacking(reason)
            key = "sk-or-v1-wrong" if name == "wrong key" else plan["key"]
            client = made(kind, plan["base"], key)
            models = models | {"unserved": plan["unserved"]}
            for streams in [False] * whole + [True] * streamed:
                try:
                    prove(client, models, streams)
                except Exception as error:
                    way = "streamed" if streams else "whole"
                    said = str(error) if isinstance(error, Wrong) else (
                        f"{type(error).__module__}.{type(error).__name__}: {error}")
                    raise Wrong(f"{way}: {said}") from error

        ALL[name] = proven

    return register


def hear(client: Client, question: Question, streamed: bool) -> Heard:
    """What comes back."""
    heard = Heard()
    client.hear(question, streamed, heard)
    return heard


@feature("chat")
def _chat(client: Client, models: Models, streamed: bool) -> None:
    text = QUESTIONS["text"]
    same("text", hear(client, Question(models["echo"], text), streamed).text, text)


def calling(client: Client, models: Models, streamed: bool, asked: dict[str, tuple[str, str]],
            ) -> None:
    """Each tool is called with its argument; the results make the answer."""
    names = " and ".join(asked)
    question = Question(models["tools"], f"Use {names} in Oslo or Rome", tools=True)
    heard = hear(client, question, streamed)
    same("calls", [call.name for call in heard.calls], list(asked))
    for call, (parameter, _) in zip(heard.calls, asked.values()):
        argument = call.arguments.get(parameter)
        must(argument in ("Oslo", "Rome"), lambda: f"arguments of {call}")
    ids = [call.id for call in heard.calls]
    same("ids of their own", len(set(ids)), len(ids))
    results = tuple(result for _, result in asked.values())
    said = hear(client, replace(question, heard=heard, results=results), streamed).text
    expected = "; ".join(f"{name}: {result}" for name, (_, result) in asked.items())
    same("answer to the results", said, f"Tool results: {expected}")


@feature("tool")
def _tool(client: Client, models: Models, streamed: bool) -> None:
    calling(client, models, streamed, {"get_weather": ("city", 'sunny, "20 °C"')})


@feature("parallel tools")
def _tools(client: Client, models: Models, streamed: bool) -> None:
    asked = {"get_weather": ("city", "sunny"), "get_time": ("zone", "noon")}
    calling(client, models, streamed, asked)


@feature("structured output")
def _structured(client: Client, models: Models, streamed: bool) -> None:
    city = client.parse(models["json"], "Tell me about Oslo", streamed)
    same("parsed", city, City(city="Oslo", population=1))


@feature("image")
def _image(client: Client, models: Models, streamed: bool) -> None:
    question = Question(models["vision"], "What is this?", image=True)
    same("text", hear(client, question, streamed).text, QUESTIONS["seen"])


@feature("usage")
def _usage(client: Client, models: Models, streamed: bool) -> None:
    tokens = hear(client, Question(models["echo"], LONG), streamed).tokens
    must(tokens is not None and min(tokens) >= 8, lambda: f"tokens: {tokens}")


@feature("reasoning")
def _reasoning(client: Client, models: Models, streamed: bool) -> None:
    heard = hear(client, Question(models["think"], "Why is it so?", thinking=True), streamed)
    begins = "The user asks about"
    must(heard.reasoning.startswith(begins), lambda: f"reasoning: {heard.reasoning!r}")
    must(heard.text.startswith("About "), lambda: f"text: {heard.text!r}")


def refused(name: str, client: Client, model: str, streamed: bool) -> Exception:
    """The client raises what its users expect."""
    heard = Heard()
    raises = client.ERRORS[name]
    try:
        client.hear(Question(model, LONG), streamed, heard)
    except raises.error as error:
        if raises.status is not None:
            must(client.status(error) == raises.status,
                 lambda: f"status {client.status(error)}, expected {raises.status}: {error}")
        return error
    raise Wrong(f"no {raises.error.__name__}, but {heard}")


@feature("unknown model")
def _unknown(client: Client, models: Models, streamed: bool) -> None:
    error = refused("unknown model", client, models["nonesuch"], streamed)
    must("nonesuch" in str(error), lambda: f"the model is not named: {error}")


@feature("model not served")
def _unserved(client: Client, models: Models, streamed: bool) -> None:
    error = refused("model not served", client, models["unserved"], streamed)
    must(models["unserved"] in str(error), lambda: f"the model is not named: {error}")


@feature("wrong key")
def _key(client: Client, models: Models, streamed: bool) -> None:
    refused("wrong key", client, models["echo"], streamed)


@feature("rate limit")
def _rate_limit(client: Client, models: Models, streamed: bool) -> None:
    refused("rate limit", client, models["limited"], streamed)


@feature("overload")
def _overload(client: Client, models: Models, streamed: bool) -> None:
    refused("overload", client, models["overloaded"], streamed)


def breaking(client: Client, model: str) -> None:
    """What came stays, and the client raises."""
    heard = Heard()
    raises = client.ERRORS["error in a stream"]
    try:
        client.hear(Question(model, LONG), True, heard)
    except raises.error as error:
        part = bool(heard.text) and LONG.startswith(heard.text) and heard.text != LONG
        must(part, lambda: f"text before the error: {heard.text!r}; {error}")
        return
    raise Wrong(f"no {raises.error.__name__}, but {heard}")


@feature("error in a stream", whole=False)
def _failing(client: Client, models: Models, _: bool) -> None:
    breaking(client, models["failing"])


@feature("cut in a stream", whole=False)
def _cut(client: Client, models: Models, _: bool) -> None:
    breaking(client, models["cut"])
