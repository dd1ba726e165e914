import type { Routing } from "~/api/generation";

const order = (routing: Routing): string[] =>
  routing.candidates
    .filter(({ position }) => position !== null)
    .map(({ endpoint_id }) => endpoint_id);

/** What another plan has otherwise, in sentences; none where both are the same. */
export function changesBetween(before: Routing, after: Routing): string[] {
  const [was, is] = [order(before), order(after)];
  const changes: string[] = [];
  if (was[0] !== is[0]) {
    changes.push(`It would begin at ${is[0] ?? "nobody"} rather than at ${was[0] ?? "nobody"}.`);
  }
  for (const id of is.filter((one) => !was.includes(one))) changes.push(`${id} could serve, too.`);
  for (const id of was.filter((one) => !is.includes(one))) {
    changes.push(`${id} could not serve any more.`);
  }
  return changes;
}
