"""ollama, chat."""

from typing import Any

import ollama

from harness import IMAGE, QUESTIONS, Call, City, Client, Heard, Question, Raises, same

TOOLS = [{"type": "function", "function": tool} for tool in QUESTIONS["tools"]]


class Chat(Client):
    """`client.chat`."""

    ERRORS = {
        "unknown model": Raises(ollama.ResponseError, 404),
        "model not served": Raises(ollama.ResponseError, 404),
        "wrong key": Raises(ollama.ResponseError, 401),
        "rate limit": Raises(ollama.ResponseError, 429),
        "overload": Raises(ollama.ResponseError, 503),
        "error in a stream": Raises(ollama.ResponseError),
    }

    def __init__(self, base: str, key: str) -> None:
        self._ollama = ollama.Client(base, headers={"Authorization": f"Bearer {key}"})

    def hear(self, question: Question, streamed: bool, heard: Heard) -> None:
        asked: dict[str, Any] = {"model": question.model, "messages": messages(question)}
        if question.tools:
            asked["tools"] = TOOLS
        if question.thinking:
            asked["think"] = True
        answer = self._ollama.chat(**asked, stream=streamed)
        finish = None
        for piece in answer if streamed else [answer]:
            finish = read(piece, heard) or finish
        # As Ollama's documentation puts the pieces of a stream together.
        heard.turn = {"role": "assistant", "content": heard.text, "thinking": heard.reasoning,
                      "tool_calls": [{"function": {"name": call.name, "arguments": call.arguments}}
                                     for call in heard.calls]}
        same("done_reason", finish, "stop")

    def parse(self, model: str, text: str, streamed: bool) -> City:
        asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": text}],
                                 "format": City.model_json_schema()}
        answer = self._ollama.chat(**asked, stream=streamed)
        pieces = [piece.message.content or "" for piece in (answer if streamed else [answer])]
        return City.model_validate_json("".join(pieces))


def messages(question: Question) -> list[Any]:
    """The conversation."""
    user: dict[str, Any] = {"role": "user", "content": question.text}
    if question.image:
        user["images"] = [IMAGE]
    results = [{"role": "tool", "tool_name": call.name, "content": result}
               for call, result in question.answered()]
    return [user, *([question.heard.turn] if question.heard else []), *results]


def read(answer: Any, heard: Heard) -> str | None:
    """Reads an answer, or a piece of one."""
    message = answer.message
    heard.text += message.content or ""
    heard.reasoning += message.thinking or ""
    for call in message.tool_calls or []:
        # Calls have no ids here: the order tells them apart.
        name, arguments = call.function.name, dict(call.function.arguments)
        heard.calls.append(Call(str(len(heard.calls)), name, arguments))
    if answer.done:
        heard.tokens = (answer.prompt_eval_count or 0, answer.eval_count or 0)
    return answer.done_reason


CLIENT = Chat
