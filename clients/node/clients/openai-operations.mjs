// openai, what is not a conversation.

import { toFile } from "openai";

export function operations(openai) {
  return {
    /** The library asks for base64 by itself and unpacks it. */
    async embed(model, texts) {
      const { data } = await openai.embeddings.create({ model, input: texts });
      return data.map((item) => item.embedding);
    },

    async draw(model, prompt) {
      const { data } = await openai.images.generate({ model, prompt, n: 1 });
      return Buffer.from(data[0].b64_json, "base64");
    },

    async speak(model, text) {
      const asked = { model, voice: "alloy", input: text, response_format: "mp3" };
      const response = await openai.audio.speech.create(asked);
      return new Uint8Array(await response.arrayBuffer());
    },

    /** Of a file in a form. */
    async transcribe(model, sound) {
      const file = await toFile(sound, "sound.mp3", { type: "audio/mpeg" });
      return (await openai.audio.transcriptions.create({ model, file })).text;
    },

    async moderate(model, texts) {
      const { results } = await openai.moderations.create({ model, input: texts });
      return results.map((result) => result.flagged);
    },
  };
}
