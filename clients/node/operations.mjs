// What is not a conversation. A client that can do it has the method named here.

import { QUESTIONS, must, same } from "./harness.mjs";

const TEXTS = ["The harbour is quiet.", "Lemons are yellow.", "The harbour master is loud."];
const PNG = "89504e470d0a1a0a";
const MP3 = ["494433", "fff3", "fff2", "fffb"];
const SOUND = Buffer.from(Array.from({ length: 2_048 }, (_, index) => index % 256));

/** By name: the kind of model, the client's method and the proof. */
export const OPERATIONS = new Map(Object.entries({
  embeddings: {
    model: "embed",
    needs: "embed",
    async prove(client, model) {
      const vectors = await client.embed(model, TEXTS);
      same("dimensions", vectors.map((vector) => vector.length), [8, 8, 8]);
      same("different", new Set(vectors.map(String)).size, 3);
    },
  },
  rerank: {
    model: "rerank",
    needs: "rerank",
    async prove(client, model) {
      same("order", await client.rerank(model, "Who is the harbour master?", TEXTS), [2, 0, 1]);
    },
  },
  images: {
    model: "image",
    needs: "draw",
    async prove(client, model) {
      begins(await client.draw(model, "A blue door"), [PNG]);
    },
  },
  speech: {
    model: "speech",
    needs: "speak",
    async prove(client, model) {
      begins(await client.speak(model, TEXTS[0]), MP3);
    },
  },
  transcriptions: {
    model: "transcribe",
    needs: "transcribe",
    async prove(client, model) {
      const heard = await client.transcribe(model, SOUND);
      must(heard.split(" ").length > 4, () => `heard: ${heard}`);
    },
  },
  moderations: {
    model: "moderate",
    needs: "moderate",
    async prove(client, model) {
      const flags = await client.moderate(model, ["I will kill the light", "Good morning"]);
      same("flagged", flags, [true, false]);
    },
  },
  "counting tokens": {
    model: "echo",
    needs: "count",
    async prove(client, model) {
      const few = await client.count(model, "Hi");
      const many = await client.count(model, QUESTIONS.text.repeat(20));
      must(few > 0 && few < many, () => `tokens: ${few}, ${many}`);
    },
  },
}));

/** The bytes begin as one of these, in hexadecimal. */
function begins(bytes, starts) {
  const hex = Buffer.from(bytes.slice(0, 20)).toString("hex");
  must(starts.some((start) => hex.startsWith(start)), () => `begins with ${hex}`);
}
