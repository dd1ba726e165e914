/**
 * Code with its words coloured: `<Code code={text} language="python" />`. Unknown languages are plain.
 *
 * The colouring is loaded when the first code is shown. It makes elements, never HTML text.
 */
import { Suspense, use } from "react";
import { classes } from "./classes";

export interface CodeProps {
  code: string;
  language?: string | undefined;
  /** Without a frame and a copy button of its own. */
  bare?: boolean;
}

/** Loaded once, when first needed. */
let loading: Promise<typeof import("./highlight")> | null = null;

function highlighter() {
  loading ??= import("./highlight");
  return loading;
}

export function Code({ code, language, bare = false }: CodeProps) {
  return (
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      className={classes(
        "overflow-x-auto px-3 py-2.5 font-mono text-label leading-5",
        !bare && "border bg-sunken",
      )}
    >
      <code>
        {language ? (
          <Suspense fallback={code}>
            <Coloured code={code} language={language} />
          </Suspense>
        ) : (
          code
        )}
      </code>
    </pre>
  );
}

function Coloured({ code, language }: { code: string; language: string }) {
  return use(highlighter()).highlight(code, language);
}
