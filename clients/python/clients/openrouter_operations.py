"""openrouter, what is not a conversation."""

import base64

from openrouter import OpenRouter


class Operations:
    """`client.embeddings`, `.rerank`, `.images`, `.tts` and `.stt`."""

    _openrouter: OpenRouter

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        """Vectors as numbers."""
        data = self._openrouter.embeddings.generate(model=model, input=texts).data
        return [item.embedding for item in data]

    def rerank(self, model: str, query: str, documents: list[str]) -> list[int]:
        """The documents' indexes, best first."""
        ranked = self._openrouter.rerank.rerank(model=model, query=query, documents=documents)
        return [int(result.index) for result in ranked.results]

    def draw(self, model: str, prompt: str) -> bytes:
        """One picture."""
        images = self._openrouter.images.generate(model=model, prompt=prompt)
        return base64.b64decode(images.data[0].b64_json)

    def speak(self, model: str, text: str) -> bytes:
        """A recording."""
        response = self._openrouter.tts.create_speech(model=model, input=text, voice="alloy",
                                                      response_format="mp3")
        return response.read()

    def transcribe(self, model: str, sound: bytes) -> str:
        """What is said, of a file in the request's JSON."""
        audio = {"data": base64.b64encode(sound).decode(), "format": "mp3"}
        return self._openrouter.stt.create_transcription(model=model, input_audio=audio).text
