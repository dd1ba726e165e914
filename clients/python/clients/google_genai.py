"""google-genai, `generate_content`."""

from typing import Any

from google import genai
from google.genai import errors, types

from harness import IMAGE, QUESTIONS, Call, City, Client, Heard, Question, Raises, same

THINKING_TOKENS_MAX = 2_048
TOOLS = [types.Tool(function_declarations=[
    types.FunctionDeclaration(name=tool["name"], description=tool["description"],
                              parameters_json_schema=tool["parameters"])
    for tool in QUESTIONS["tools"]])]


class Models(Client):
    """`client.models`."""

    ERRORS = {
        "unknown model": Raises(errors.ClientError, 404),
        "model not served": Raises(errors.ClientError, 404),
        "wrong key": Raises(errors.ClientError, 401),
        "rate limit": Raises(errors.ClientError, 429),
        "overload": Raises(errors.ServerError, 503),
        "error in a stream": Raises(errors.APIError),
    }

    def __init__(self, base: str, key: str) -> None:
        options = types.HttpOptions(base_url=f"{base}/api")
        # The models go away with their client.
        self._client = genai.Client(api_key=key, http_options=options)
        self._models = self._client.models

    def status(self, error: Any) -> int | None:
        return error.code

    def hear(self, question: Question, streamed: bool, heard: Heard) -> None:
        config = types.GenerateContentConfig()
        if question.tools:
            config.tools = TOOLS
        if question.thinking:
            config.thinking_config = types.ThinkingConfig(
                include_thoughts=True, thinking_budget=THINKING_TOKENS_MAX)
        asked: dict[str, Any] = {"model": question.model, "contents": contents(question),
                                 "config": config}
        if streamed:
            pieces = self._models.generate_content_stream(**asked)
        else:
            pieces = [self._models.generate_content(**asked)]
        finish = None
        heard.turn = types.Content(role="model", parts=[])
        for piece in pieces:
            finish = read(piece, heard) or finish
        same("finish_reason", finish, types.FinishReason.STOP)

    def parse(self, model: str, text: str, streamed: bool) -> City:
        config = types.GenerateContentConfig(response_mime_type="application/json",
                                             response_schema=City)
        asked = {"model": model, "contents": text, "config": config}
        if not streamed:
            return self._models.generate_content(**asked).parsed
        pieces = [piece.text or "" for piece in self._models.generate_content_stream(**asked)]
        return City.model_validate_json("".join(pieces))


def contents(question: Question) -> list[types.Content]:
    """The conversation."""
    parts = [types.Part.from_text(text=question.text)]
    if question.image:
        parts.append(types.Part.from_bytes(data=IMAGE, mime_type="image/png"))
    contents = [types.UserContent(parts=parts)]
    if question.heard:
        results = [types.Part(function_response=types.FunctionResponse(
            id=call.id or None, name=call.name, response={"result": result}))
            for call, result in question.answered()]
        contents += [question.heard.turn, types.UserContent(parts=results)]
    return contents


def read(response: types.GenerateContentResponse, heard: Heard) -> types.FinishReason | None:
    """Reads an answer, or a piece of one."""
    if usage := response.usage_metadata:
        thoughts = usage.thoughts_token_count or 0
        heard.tokens = (usage.prompt_token_count, (usage.candidates_token_count or 0) + thoughts)
    if not response.candidates:
        return None
    candidate = response.candidates[0]
    parts = (candidate.content.parts if candidate.content else None) or []
    heard.turn.parts += parts
    for part in parts:
        if call := part.function_call:
            heard.calls.append(Call(call.id or str(len(heard.calls)), call.name, call.args))
        elif part.thought:
            heard.reasoning += part.text or ""
        else:
            heard.text += part.text or ""
    return candidate.finish_reason


CLIENT = Models
