import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { workspaceBudgetsQuery } from "~/components/limits/budgets-query";
import { boundAbove } from "~/components/limits/limits";
import { amount } from "~/format";
import { type Allowance, useAllowance } from "./playground-key";
import { RaiseLimit } from "./RaiseLimit";
import { useChat } from "./use-chat";

/** Who pays, and what is left. It is never the session that spends. */
export function Purse() {
  const { key } = useChat();
  const allowance = useAllowance(key);
  const { billing } = useSession().installation;
  const above = useAbove(allowance);
  const [raising, setRaising] = useState(false);
  if (!allowance) return <span>Your playground key pays, within its daily limit.</span>;
  return (
    <span className="flex items-center gap-2">
      <span>{above ?? words(allowance, billing)}</span>
      {allowance.limit !== null && above === null && (
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

/** The workspace's budget in words, where it leaves less than the key's own limit. */
function useAbove(allowance: Allowance | null): string | null {
  const session = useSession();
  const [now] = useState(() => new Date());
  const workspace = allowance?.workspace ?? "";
  const { data, refetch } = useQuery({
    ...workspaceBudgetsQuery([workspace], now),
    enabled: workspace !== "" && may(session, "usage"),
  });
  const budgets = data ?? [];
  const any = budgets.length > 0;
  const left = allowance?.left ?? null;
  // What was spent of them changes with each answer, as what is left of the key does.
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked anew when that changes
  useEffect(() => {
    if (any) void refetch();
  }, [left, any, refetch]);
  const bound = allowance && boundAbove(allowance.left, workspace, budgets);
  if (!bound) return null;
  const name = session.workspaces.find(({ id }) => id === workspace)?.name ?? "The workspace";
  const { interval, limit } = bound.budget;
  const which = interval === "lifetime" ? "budget" : `${interval} budget`;
  return `${amount(bound.left)} of ${amount(limit)} left of ${name}'s ${which}`;
}

const SPANS = { daily: " today", weekly: " this week", monthly: " this month" };

function words({ limit, left, reset }: Allowance, billing: boolean): string {
  if (limit === null) {
    const above = billing ? ": the balance of its account binds" : "";
    return `Your playground key has no limit of its own${above}.`;
  }
  return `${amount(left)} of ${amount(limit)} left${reset ? SPANS[reset] : ""}`;
}
