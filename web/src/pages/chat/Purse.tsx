import { useState } from "react";
import { useSession } from "~/app/session";
import { amount } from "~/format";
import { type Allowance, useAllowance } from "./playground-key";
import { RaiseLimit } from "./RaiseLimit";
import { useChat } from "./use-chat";

/** Who pays, and what is left. It is never the session that spends. */
export function Purse() {
  const { key } = useChat();
  const allowance = useAllowance(key);
  const { billing } = useSession().installation;
  const [raising, setRaising] = useState(false);
  if (!allowance) return <span>Your playground key pays, within its daily limit.</span>;
  return (
    <span className="flex items-center gap-2">
      <span>{words(allowance, billing)}</span>
      {allowance.limit !== null && (
        <button
          type="button"
          className="min-h-6 text-accent underline-offset-2 hover:underline"
          onClick={() => setRaising(true)}
        >
          Change limit
        </button>
      )}
      {raising && (
        <RaiseLimit onClose={() => setRaising(false)} onRaised={() => setRaising(false)} />
      )}
    </span>
  );
}

const SPANS = { daily: " today", weekly: " this week", monthly: " this month" };

function words({ limit, left, reset }: Allowance, billing: boolean): string {
  if (limit === null) {
    const above = billing ? ": the balance of its account binds" : "";
    return `Your playground key has no limit of its own${above}.`;
  }
  return `${amount(left)} of ${amount(limit)} left${reset ? SPANS[reset] : ""}`;
}
