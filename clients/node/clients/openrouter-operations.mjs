// @openrouter/sdk, what is not a conversation.

export function operations(openrouter) {
  return {
    async embed(model, texts) {
      const asked = { requestBody: { model, input: texts } };
      const { data } = await openrouter.embeddings.generate(asked);
      return data.map((item) => item.embedding);
    },

    async rerank(model, query, documents) {
      const asked = { requestBody: { model, query, documents } };
      const { results } = await openrouter.rerank.rerank(asked);
      return results.map((result) => result.index);
    },

    async draw(model, prompt) {
      const asked = { imageGenerationRequest: { model, prompt } };
      const { data } = await openrouter.images.generate(asked);
      return Buffer.from(data[0].b64Json, "base64");
    },

    async speak(model, text) {
      const speechRequest = { model, input: text, voice: "alloy", responseFormat: "mp3" };
      const stream = await openrouter.tts.createSpeech({ speechRequest });
      return new Uint8Array(await new Response(stream).arrayBuffer());
    },

    /** Of a file in the request's JSON. */
    async transcribe(model, sound) {
      const inputAudio = { data: sound.toString("base64"), format: "mp3" };
      const asked = { sttRequest: { model, inputAudio } };
      return (await openrouter.stt.createTranscription(asked)).text;
    },
  };
}
