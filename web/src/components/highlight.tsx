import bash from "highlight.js/lib/languages/bash";
import css from "highlight.js/lib/languages/css";
import go from "highlight.js/lib/languages/go";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import type { ReactNode } from "react";

const lowlight = createLowlight({ bash, css, go, json, python, rust, sql, typescript, xml, yaml });
lowlight.registerAlias({
  bash: ["sh", "shell", "console"],
  typescript: ["ts", "tsx", "js", "jsx", "javascript"],
  python: ["py"],
  rust: ["rs"],
  xml: ["html", "svg"],
  yaml: ["yml"],
});

/** Longer code stays plain: colouring it would hold up everything else. */
const LENGTH_MAX = 50_000;

type Tree = ReturnType<typeof lowlight.highlight>["children"][number];

/** Code as coloured elements. */
export function highlight(code: string, language: string): ReactNode {
  if (code.length > LENGTH_MAX || !lowlight.registered(language)) return code;
  return lowlight.highlight(language, code).children.map(element);
}

const LOOKS: readonly [RegExp, string][] = [
  [/comment|quote|meta/, "text-faint"],
  [/string|regexp|addition/, "text-good"],
  [/keyword|literal|built_in|type|selector-tag/, "text-accent"],
  [/number|symbol|attr|variable|property/, "text-warn"],
  [/title|section|name/, "font-medium"],
  [/deletion/, "text-bad"],
];

function element(node: Tree, index: number): ReactNode {
  if (node.type === "text") return node.value;
  if (node.type !== "element") return null;
  const names = String(node.properties.className ?? "");
  const look = LOOKS.find(([pattern]) => pattern.test(names))?.[1];
  const children = node.children.map((child, at) => element(child, at));
  return (
    <span key={index} className={look}>
      {children}
    </span>
  );
}
