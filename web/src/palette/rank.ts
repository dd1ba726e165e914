interface Named {
  label: string;
  words?: string;
}

/** How well a text finds something: less is better, null is not at all. */
function distance(item: Named, text: string): number | null {
  const label = item.label.toLowerCase();
  if (label.split("/").includes(text)) return 0;
  if (label.startsWith(text)) return 1;
  if (label.split(/[\s/:-]+/).some((word) => word.startsWith(text))) return 2;
  if (label.includes(text)) return 3;
  const all = `${label} ${item.words?.toLowerCase() ?? ""}`;
  if (text.split(/\s+/).every((word) => all.includes(word))) return 4;
  return inOrder(label, text) ? 5 : null;
}

/** Whether the letters are there, one after another: `g4m` is in `gpt-4o-mini`. */
function inOrder(label: string, text: string): boolean {
  let at = 0;
  for (const letter of text) {
    const found = label.indexOf(letter, at);
    if (found < 0) return false;
    at = found + 1;
  }
  return true;
}

/** Those that a text finds, best first; all of them where there is no text. */
export function rank<T extends Named>(items: readonly T[], text: string): T[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [...items];
  return items
    .flatMap((item) => {
      const far = distance(item, wanted);
      return far === null ? [] : [{ item, far }];
    })
    .sort((a, b) => a.far - b.far)
    .map(({ item }) => item);
}
