import type { DataColor } from "./series";

/** A colour of the theme as the canvas takes it: `light-dark()` is settled by an element. */
export function themeColor(name: string, host: HTMLElement): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--color-${name})`;
  host.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

export const dataColor = (color: DataColor, host: HTMLElement) =>
  themeColor(color === "bad" ? color : `data-${color}`, host);
