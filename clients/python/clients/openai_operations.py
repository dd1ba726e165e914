"""openai, what is not a conversation."""

import base64

import openai


class Operations:
    """`client.embeddings`, `.images`, `.audio` and `.moderations`."""

    _openai: openai.OpenAI

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        """The library asks for base64 by itself and unpacks it."""
        data = self._openai.embeddings.create(model=model, input=texts).data
        return [item.embedding for item in data]

    def draw(self, model: str, prompt: str) -> bytes:
        """One picture."""
        images = self._openai.images.generate(model=model, prompt=prompt, n=1)
        return base64.b64decode(images.data[0].b64_json)

    def speak(self, model: str, text: str) -> bytes:
        """A recording, read as it comes."""
        speech = self._openai.audio.speech.with_streaming_response
        with speech.create(model=model, voice="alloy", input=text,
                           response_format="mp3") as response:
            return b"".join(response.iter_bytes())

    def transcribe(self, model: str, sound: bytes) -> str:
        """What is said, of a file in a form."""
        file = ("sound.mp3", sound, "audio/mpeg")
        return self._openai.audio.transcriptions.create(model=model, file=file).text

    def moderate(self, model: str, texts: list[str]) -> list[bool]:
        """Which texts are flagged."""
        results = self._openai.moderations.create(model=model, input=texts).results
        return [result.flagged for result in results]
