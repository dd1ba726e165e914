import { classes } from "~/components/classes";

const NAMES: Record<string, string> = {
  mod: /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl",
  Escape: "Esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
};

/** Keys as people know them: `<Keys keys="g l" />`, `<Keys keys="mod+k" />`. */
export function Keys({ keys, className }: { keys: string; className?: string }) {
  const each = keys.split(" ").flatMap((press) => press.split("+"));
  return (
    <span className={classes("inline-flex gap-1", className)}>
      {each.map((key, index) => (
        <kbd
          key={index}
          className="min-w-5 rounded-sm border px-1 text-center font-sans text-axis text-muted"
        >
          {NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
        </kbd>
      ))}
    </span>
  );
}
