"""anthropic, messages."""

from typing import Any

import anthropic

from harness import QUESTIONS, Call, City, Client, Heard, Question, Raises, same

TOKENS_MAX = 8_000
THINKING_TOKENS_MAX = 2_048
TOOLS = [{"name": tool["name"], "description": tool["description"],
          "input_schema": tool["parameters"]} for tool in QUESTIONS["tools"]]
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                     "data": QUESTIONS["image"]}}


class Messages(Client):
    """`client.messages`."""

    ERRORS = {
        # OpenRouter's word for a name that it does not know is 400.
        "unknown model": Raises(anthropic.BadRequestError, 400),
        "model not served": Raises(anthropic.NotFoundError, 404),
        "wrong key": Raises(anthropic.AuthenticationError, 401),
        "rate limit": Raises(anthropic.RateLimitError, 429),
        "overload": Raises(anthropic.InternalServerError),
        "error in a stream": Raises(anthropic.APIError),
    }

    def __init__(self, base: str, key: str) -> None:
        self._messages = anthropic.Anthropic(base_url=f"{base}/api", api_key=key,
                                             max_retries=0).messages

    def hear(self, question: Question, streamed: bool, heard: Heard) -> None:
        asked: dict[str, Any] = {"model": question.model, "messages": messages(question),
                                 "max_tokens": TOKENS_MAX}
        if question.tools:
            asked["tools"] = TOOLS
        if question.thinking:
            asked["thinking"] = {"type": "enabled", "budget_tokens": THINKING_TOKENS_MAX}
        if not streamed:
            read(self._messages.create(**asked), heard)
            return
        with self._messages.stream(**asked) as stream:
            for text in stream.text_stream:
                heard.text += text
            whole = Heard()
            read(stream.get_final_message(), whole)
            same("text of the events", heard.text, whole.text)
            heard.__dict__.update(whole.__dict__)

    def parse(self, model: str, text: str, streamed: bool) -> City:
        asked = {"model": model, "messages": [{"role": "user", "content": text}],
                 "max_tokens": TOKENS_MAX, "output_format": City}
        if not streamed:
            return self._messages.parse(**asked).parsed_output
        with self._messages.stream(**asked) as stream:
            return stream.get_final_message().parsed_output

    def count(self, model: str, text: str) -> int:
        """How many tokens a prompt has."""
        messages = [{"role": "user", "content": text}]
        return self._messages.count_tokens(model=model, messages=messages).input_tokens


def messages(question: Question) -> list[Any]:
    """The conversation."""
    text = {"type": "text", "text": question.text}
    messages: list[Any] = [
        {"role": "user", "content": [text, IMAGE] if question.image else question.text}]
    if question.heard:
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": result}
                   for call, result in question.answered()]
        messages += [{"role": "assistant", "content": question.heard.turn},
                     {"role": "user", "content": results}]
    return messages


def read(message: Any, heard: Heard) -> None:
    """Reads a whole answer."""
    for block in message.content:
        if block.type == "text":
            heard.text += block.text
        elif block.type == "thinking":
            heard.reasoning += block.thinking
        elif block.type == "tool_use":
            heard.calls.append(Call(block.id, block.name, block.input))
    same("stop_reason", message.stop_reason, "tool_use" if heard.calls else "end_turn")
    heard.tokens = (message.usage.input_tokens, message.usage.output_tokens)
    heard.turn = message.content


CLIENT = Messages
