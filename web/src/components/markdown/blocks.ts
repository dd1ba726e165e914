import { marked, type Token } from "marked";

/** A top-level block: equal text is equal tokens, so only what changed is drawn again. */
export interface Block {
  text: string;
  tokens: Token[];
}

/** Blocks that may still change while text is added behind them. */
const LOOSE_BLOCKS = 2;
/** From this length on, a stream is only lexed from its last safe block. */
const WHOLE_MAX = 200_000;

const lex = (text: string): Token[] => marked.lexer(text, { gfm: true });

/**
 * Lexes a growing text. Long texts are not lexed from their beginning each time, but from the last
 * block that can't change any more.
 */
export class BlockLexer {
  #settled: Block[] = [];
  #settledLength = 0;
  #text = "";

  blocks(text: string): Block[] {
    if (!text.startsWith(this.#text.slice(0, this.#settledLength))) {
      this.#settled = [];
      this.#settledLength = 0;
    }
    this.#text = text;
    const tail = lex(text.slice(this.#settledLength)).map(
      (token): Block => ({ text: token.raw, tokens: [token] }),
    );
    if (text.length > WHOLE_MAX && tail.length > LOOSE_BLOCKS) {
      const safe = tail.slice(0, -LOOSE_BLOCKS);
      const length = safe.reduce((sum, block) => sum + block.text.length, 0);
      const settled = [...this.#settled, ...safe];
      // The lexer may normalise its source; then lengths don't lead back to it.
      if (text.startsWith(safe.map((block) => block.text).join(""), this.#settledLength)) {
        this.#settled = settled;
        this.#settledLength += length;
        return [...settled, ...tail.slice(-LOOSE_BLOCKS)];
      }
    }
    return [...this.#settled, ...tail];
  }
}
