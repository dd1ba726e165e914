/** So many rows can be chosen: they are in the address. */
export const CHOSEN_MAX = 100;

/** With a key, or without it where it was among them. */
export function toggled(chosen: readonly string[], key: string): readonly string[] {
  if (chosen.includes(key)) return chosen.filter((one) => one !== key);
  return [...chosen, key].slice(0, CHOSEN_MAX);
}

/** With all from one key to another, whichever of them comes first. */
export function chosenBetween(
  chosen: readonly string[],
  keys: readonly string[],
  from: string,
  to: string,
): readonly string[] {
  const [one, other] = [keys.indexOf(from), keys.indexOf(to)];
  if (one < 0 || other < 0) return toggled(chosen, to);
  const between = keys.slice(Math.min(one, other), Math.max(one, other) + 1);
  return [...new Set([...chosen, ...between])].slice(0, CHOSEN_MAX);
}
