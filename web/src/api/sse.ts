/** One server-sent event. */
export interface ServerEvent {
  /** `message` where the stream names none. */
  event: string;
  data: string;
  id: string | null;
}

/**
 * Reads server-sent events from text that arrives in pieces, cut anywhere: inside a line, between
 * the two characters of a line's end, between the lines of an event. Comments are passed over.
 */
export class EventReader {
  #rest = "";
  #data: string[] = [];
  #event = "";
  #id: string | null = null;
  #started = false;

  /** The events that this piece completes. */
  read(piece: string): ServerEvent[] {
    this.#rest += piece;
    if (!this.#started && this.#rest !== "") {
      this.#started = true;
      this.#rest = this.#rest.replace(/^\ufeff/, "");
    }
    const events: ServerEvent[] = [];
    for (;;) {
      const end = this.#rest.search(/[\r\n]/);
      if (end < 0) return events;
      const ending = this.#rest[end];
      // A line feed may follow in the next piece, and then belongs to this line's end.
      if (ending === "\r" && end + 1 === this.#rest.length) return events;
      const width = ending === "\r" && this.#rest[end + 1] === "\n" ? 2 : 1;
      const event = this.#line(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end + width);
      if (event) events.push(event);
    }
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): ServerEvent | null {
    const event = { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id };
    const complete = this.#data.length > 0;
    this.#data = [];
    this.#event = "";
    return complete ? event : null;
  }
}
