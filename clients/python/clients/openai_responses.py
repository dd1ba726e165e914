"""openai, responses."""

import json
from typing import Any

from harness import IMAGE_URI, QUESTIONS, Call, City, Client, Heard, Question, Raises, same

from .openai_chat import ERRORS, library

TOOLS = [{"type": "function", "strict": True} | tool for tool in QUESTIONS["tools"]]


class BrokeOff(Exception):
    """The library hands a failed response over as an event."""


class Responses(Client):
    """`client.responses`."""

    ERRORS = ERRORS | {"error in a stream": Raises(BrokeOff)}

    def __init__(self, base: str, key: str) -> None:
        self._responses = library(base, key).responses

    def hear(self, question: Question, streamed: bool, heard: Heard) -> None:
        asked: dict[str, Any] = {"model": question.model, "input": items(question)}
        if question.tools:
            asked["tools"] = TOOLS
        if question.thinking:
            asked["reasoning"] = {"effort": "high", "summary": "auto"}
        if not streamed:
            read(self._responses.create(**asked), heard)
            return
        with self._responses.stream(**asked) as stream:
            for event in stream:
                if event.type == "response.output_text.delta":
                    heard.text += event.delta
                if event.type == "response.failed":
                    raise BrokeOff(event.response.error.message)
            whole = Heard()
            read(stream.get_final_response(), whole)
            same("text of the events", heard.text, whole.text)
            heard.__dict__.update(whole.__dict__)

    def parse(self, model: str, text: str, streamed: bool) -> City:
        asked = {"model": model, "input": text, "text_format": City}
        if not streamed:
            return self._responses.parse(**asked).output_parsed
        with self._responses.stream(**asked) as stream:
            stream.until_done()
            return stream.get_final_response().output_parsed


def items(question: Question) -> list[Any]:
    """The conversation."""
    text = {"type": "input_text", "text": question.text}
    image = {"type": "input_image", "image_url": IMAGE_URI, "detail": "auto"}
    items = [{"role": "user", "content": [text, image] if question.image else question.text}]
    if question.heard:
        items += question.heard.turn
    items += [{"type": "function_call_output", "call_id": call.id, "output": result}
              for call, result in question.answered()]
    return items


def read(response: Any, heard: Heard) -> None:
    """Reads a whole answer."""
    same("status", response.status, "completed")
    heard.text = response.output_text
    for item in response.output:
        if item.type == "reasoning":
            heard.reasoning += "".join(part.text for part in item.summary)
            heard.reasoning += "".join(part.text for part in item.content or [])
        if item.type == "function_call":
            heard.calls.append(Call(item.call_id, item.name, json.loads(item.arguments)))
    if usage := response.usage:
        heard.tokens = (usage.input_tokens, usage.output_tokens)
    heard.turn = response.output


CLIENT = Responses
