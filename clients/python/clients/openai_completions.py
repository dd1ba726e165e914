"""openai, legacy completions."""

from typing import Any

from harness import Client, Heard, Question, same

from .openai_chat import ERRORS, library

NO_TOOLS = "legacy completions have no tools"


class Completions(Client):
    """`client.completions`."""

    ERRORS = ERRORS
    LACKS = {
        "tool": NO_TOOLS,
        "parallel tools": NO_TOOLS,
        "structured output": "legacy completions have no helper for it",
        "image": "legacy completions take text only",
        "reasoning": "legacy completions have no field for it",
    }

    def __init__(self, base: str, key: str) -> None:
        self._completions = library(base, key).completions

    def hear(self, question: Question, streamed: bool, heard: Heard) -> None:
        asked: dict[str, Any] = {"model": question.model, "prompt": question.text}
        if not streamed:
            self._read(self._completions.create(**asked), heard)
            return
        usage = {"include_usage": True}
        finish = None
        for chunk in self._completions.create(**asked, stream=True, stream_options=usage):
            finish = self._read(chunk, heard) or finish
        same("finish_reason", finish, "stop")

    def _read(self, completion: Any, heard: Heard) -> str | None:
        if usage := completion.usage:
            heard.tokens = (usage.prompt_tokens, usage.completion_tokens)
        for choice in completion.choices:
            heard.text += choice.text
            return choice.finish_reason
        return None


CLIENT = Completions
