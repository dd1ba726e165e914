"""openai, chat completions."""

import json
from typing import Any

import openai

from harness import IMAGE_URI, QUESTIONS, Call, City, Client, Heard, Question, Raises, same

from .openai_operations import Operations

ERRORS = {
    # OpenRouter's word for a name that it does not know is 400.
    "unknown model": Raises(openai.BadRequestError, 400),
    "model not served": Raises(openai.NotFoundError, 404),
    "wrong key": Raises(openai.AuthenticationError, 401),
    "rate limit": Raises(openai.RateLimitError, 429),
    "overload": Raises(openai.InternalServerError, 503),
    "error in a stream": Raises(openai.APIError),
}
TOOLS = [{"type": "function", "function": tool | {"strict": True}} for tool in QUESTIONS["tools"]]


def library(base: str, key: str) -> openai.OpenAI:
    """The library's client."""
    return openai.OpenAI(base_url=f"{base}/api/v1", api_key=key, max_retries=0)


class Chat(Operations, Client):
    """`client.chat.completions`."""

    ERRORS = ERRORS

    def __init__(self, base: str, key: str) -> None:
        self._openai = library(base, key)
        self._chat = self._openai.chat.completions

    def hear(self, question: Question, streamed: bool, heard: Heard) -> None:
        asked: dict[str, Any] = {"model": question.model, "messages": messages(question)}
        if question.tools:
            asked["tools"] = TOOLS
        if question.thinking:
            asked["reasoning_effort"] = "high"
        if not streamed:
            read(self._chat.create(**asked), heard)
            return
        usage = {"include_usage": True}
        with self._chat.stream(**asked, stream_options=usage) as stream:
            for event in stream:
                if event.type == "content.delta":
                    heard.text += event.delta
            whole = Heard()
            read(stream.get_final_completion(), whole)
            same("text of the events", heard.text, whole.text)
            heard.__dict__.update(whole.__dict__)

    def parse(self, model: str, text: str, streamed: bool) -> City:
        asked = {"model": model, "messages": [{"role": "user", "content": text}],
                 "response_format": City}
        if not streamed:
            return self._chat.parse(**asked).choices[0].message.parsed
        with self._chat.stream(**asked) as stream:
            stream.until_done()
            return stream.get_final_completion().choices[0].message.parsed


def messages(question: Question) -> list[Any]:
    """The conversation."""
    text = {"type": "text", "text": question.text}
    image = {"type": "image_url", "image_url": {"url": IMAGE_URI}}
    messages = [{"role": "user", "content": [text, image] if question.image else question.text}]
    if question.heard:
        messages.append(question.heard.turn)
    messages += [{"role": "tool", "tool_call_id": call.id, "content": result}
                 for call, result in question.answered()]
    return messages


def read(completion: Any, heard: Heard) -> None:
    """Reads a whole answer."""
    message = completion.choices[0].message
    heard.text = message.content or ""
    heard.reasoning = getattr(message, "reasoning", None) or ""
    heard.calls = [Call(call.id, call.function.name, json.loads(call.function.arguments))
                   for call in message.tool_calls or []]
    same("finish_reason", completion.choices[0].finish_reason,
         "tool_calls" if heard.calls else "stop")
    if usage := completion.usage:
        heard.tokens = (usage.prompt_tokens, usage.completion_tokens)
    heard.turn = message


CLIENT = Chat
