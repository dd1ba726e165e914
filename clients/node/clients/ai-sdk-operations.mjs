// The AI SDK with OpenAI's provider, what is not a conversation.

import {
  embedMany,
  experimental_generateSpeech as generateSpeech,
  experimental_transcribe as transcribe,
  generateImage,
} from "ai";

export function operations(provider) {
  const maxRetries = 0;
  return {
    async embed(model, values) {
      const asked = { model: provider.embedding(model), values, maxRetries };
      return (await embedMany(asked)).embeddings;
    },

    async draw(model, prompt) {
      const { image } = await generateImage({ model: provider.image(model), prompt, maxRetries });
      return image.uint8Array;
    },

    async speak(model, text) {
      const asked = { model: provider.speech(model), text, voice: "alloy", maxRetries };
      return (await generateSpeech(asked)).audio.uint8Array;
    },

    async transcribe(model, audio) {
      return (await transcribe({ model: provider.transcription(model), audio, maxRetries })).text;
    },
  };
}
