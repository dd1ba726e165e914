/** Things by what they have in common, in the order in which that first occurs. */
export function grouped<Thing, Group>(
  things: readonly Thing[],
  of: (thing: Thing) => Group,
): Map<Group, Thing[]> {
  const groups = new Map<Group, Thing[]>();
  for (const thing of things) {
    const group = of(thing);
    const members = groups.get(group);
    if (members) members.push(thing);
    else groups.set(group, [thing]);
  }
  return groups;
}
