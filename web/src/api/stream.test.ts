import { describe, expect, it } from "vitest";
import { EventReader, type ServerEvent } from "./sse";
import { readEvents } from "./stream";

/** A small generator of numbers that always makes the same ones. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const TEXTS = ["", "a", "Grüße 🚪", ": not a comment", "x: y", " leading", '{"a":[1,2]}', "[DONE]"];
const ENDINGS = ["\n", "\r\n", "\r"];

interface Sample {
  wire: string;
  events: ServerEvent[];
}

/** Some events, and one way to write them. */
function sample(random: () => number): Sample {
  const pick = <T>(from: T[]): T => from[Math.floor(random() * from.length)] as T;
  const events: ServerEvent[] = [];
  let wire = random() < 0.2 ? "\ufeff" : "";
  let id: string | null = null;
  for (let count = Math.floor(random() * 6); count >= 0; count--) {
    const end = pick(ENDINGS);
    if (random() < 0.3) wire += `: beat${end}${end}`;
    const event = random() < 0.5 ? pick(["logs", "alert"]) : "message";
    if (event !== "message") wire += `event: ${event}${end}`;
    if (random() < 0.5) {
      id = String(Math.floor(random() * 1000));
      wire += `id:${id}${end}`;
    }
    const lines = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(TEXTS));
    for (const line of lines) wire += `data: ${line}${end}`;
    wire += end;
    events.push({ event, data: lines.join("\n"), id });
  }
  // A last line feed tells a reader that a carriage return before it ended a line.
  return { wire: `${wire}\n`, events };
}

function cut(bytes: Uint8Array<ArrayBuffer>, random: () => number): Uint8Array<ArrayBuffer>[] {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Math.floor(random() * 9);
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  return pieces;
}

async function collect(pieces: Uint8Array<ArrayBuffer>[]): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

describe("a stream of events", () => {
  it("reads the same wherever it is cut", async () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = chance(seed);
      const { wire, events } = sample(random);
      const bytes = new TextEncoder().encode(wire);
      expect(await collect(cut(bytes, random)), `seed ${seed}`).toEqual(events);
    }
  });

  it("reads byte by byte", async () => {
    const { wire, events } = sample(chance(7));
    const bytes = new TextEncoder().encode(wire);
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(await collect(pieces)).toEqual(events);
  });

  it("drops what was not completed", () => {
    const reader = new EventReader();
    expect(reader.read("data: half")).toEqual([]);
    expect(reader.read("\n")).toEqual([]);
    expect(reader.read("\n")).toEqual([{ event: "message", data: "half", id: null }]);
  });

  it("closes the connection when its reader leaves", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const _event of readEvents(body)) break;
    expect(cancelled).toBe(true);
  });
});
