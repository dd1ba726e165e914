import { useSession } from "~/app/session";
import { LimitBar } from "~/components/LimitBar";
import { type Bound, resetOf } from "~/components/limits/limits";
import { relative } from "~/format";

export interface KeyLimitProps {
  bound: Bound | null;
  /** Ever; shown where there is no limit. */
  spent: number;
  /** With it, when the limit begins anew is said, too. */
  now?: Date;
}

/** What is spent of the limit that binds, which limit that is, and when it begins anew. */
export function KeyLimit({ bound, spent, now }: KeyLimitProps) {
  const { billing } = useSession().installation;
  if (!bound) {
    // Limits of the operator's may bind as well: the API tells nobody of them.
    const note = billing ? "no limit of its own, the balance binds" : "no limit of its own";
    return <LimitBar spent={spent} limit={null} note={note} />;
  }
  return (
    <LimitBar
      label={boundName(bound)}
      spent={bound.spent}
      limit={bound.limit}
      share={bound.share}
      note={boundWords(bound, now)}
    />
  );
}

/** `Team's monthly budget`, or the key's own `monthly limit`. */
export const boundName = ({ name, of }: Bound) => (of === null ? name : `${of}'s ${name}`);

function boundWords(bound: Bound, now: Date | undefined): string {
  const reset = now ? resetOf(bound.interval, now) : null;
  return `${boundName(bound)}${reset && now ? `, anew ${relative(reset, now)}` : ""}`;
}
