"""openrouter, chat."""

import json
from typing import Any

from openrouter import OpenRouter, errors
from openrouter.utils import BackoffStrategy, RetryConfig

from harness import QUESTIONS, Call, City, Client, Heard, Question, Raises, same

from .openai_chat import messages
from .openrouter_operations import Operations

TOOLS = [{"type": "function", "function": tool} for tool in QUESTIONS["tools"]]
SCHEMA = {"type": "json_schema", "json_schema": {
    "name": "city", "strict": True, "schema": City.model_json_schema()}}


class BrokeOff(Exception):
    """The library hands the error of a stream over in its typed chunk."""


class Chat(Operations, Client):
    """`client.chat`."""

    ERRORS = {
        "unknown model": Raises(errors.BadRequestResponseError, 400),
        "model not served": Raises(errors.NotFoundResponseError, 404),
        "wrong key": Raises(errors.UnauthorizedResponseError, 401),
        "rate limit": Raises(errors.TooManyRequestsResponseError, 429),
        "overload": Raises(errors.ServiceUnavailableResponseError, 503),
        "error in a stream": Raises(BrokeOff),
    }

    def __init__(self, base: str, key: str) -> None:
        never = RetryConfig("none", BackoffStrategy(1, 1, 1, 1), False)
        self._openrouter = OpenRouter(api_key=key, server_url=f"{base}/api/v1",
                                      retry_config=never)

    def hear(self, question: Question, streamed: bool, heard: Heard) -> None:
        asked: dict[str, Any] = {"model": question.model, "messages": messages(question)}
        if question.tools:
            asked["tools"] = TOOLS
        if question.thinking:
            asked["reasoning"] = {"effort": "high"}
        if streamed:
            self._stream(asked, heard)
        else:
            read(self._openrouter.chat.send(**asked), heard)

    def _stream(self, asked: dict[str, Any], heard: Heard) -> None:
        finish, calls = None, {}
        with self._openrouter.chat.send(**asked, stream=True) as stream:
            for chunk in stream:
                if chunk.error:
                    raise BrokeOff(chunk.error.message)
                if usage := chunk.usage:
                    heard.tokens = (usage.prompt_tokens, usage.completion_tokens)
                for choice in chunk.choices:
                    heard.text += choice.delta.content or ""
                    heard.reasoning += choice.delta.reasoning or ""
                    for call in choice.delta.tool_calls or []:
                        add(calls, call)
                    finish = choice.finish_reason or finish
        heard.calls = [Call(call["id"], call["name"], json.loads(call["arguments"]))
                       for call in calls.values()]
        heard.turn = {"role": "assistant", "content": heard.text, "tool_calls": [
            {"id": call["id"], "type": "function",
             "function": {"name": call["name"], "arguments": call["arguments"]}}
            for call in calls.values()]}
        same("finish_reason", finish, "tool_calls" if heard.calls else "stop")

    def parse(self, model: str, text: str, streamed: bool) -> City:
        asked = {"model": model, "messages": [{"role": "user", "content": text}],
                 "response_format": SCHEMA}
        heard = Heard()
        if streamed:
            self._stream(asked, heard)
        else:
            read(self._openrouter.chat.send(**asked), heard)
        return City.model_validate_json(heard.text)


def add(calls: dict[int, dict[str, str]], delta: Any) -> None:
    """Adds a piece of a call to the pieces before it."""
    call = calls.setdefault(int(delta.index), {"id": "", "name": "", "arguments": ""})
    call["id"] = call["id"] or delta.id or ""
    if function := delta.function:
        call["name"] += function.name or ""
        call["arguments"] += function.arguments or ""


def read(result: Any, heard: Heard) -> None:
    """Reads a whole answer."""
    choice = result.choices[0]
    message = choice.message
    heard.text = message.content or ""
    heard.reasoning = message.reasoning or ""
    heard.calls = [Call(call.id, call.function.name, json.loads(call.function.arguments))
                   for call in message.tool_calls or []]
    same("finish_reason", choice.finish_reason, "tool_calls" if heard.calls else "stop")
    if usage := result.usage:
        heard.tokens = (usage.prompt_tokens, usage.completion_tokens)
    heard.turn = message


CLIENT = Chat
