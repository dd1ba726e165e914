import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Alert } from "~/api/alerts";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { usePageExists } from "./use-page-exists";

const SHOWN_MAX = 5;
const YOUNG_MS = 48 * 3_600_000;

export interface AttentionProps {
  alerts: readonly Alert[];
  /** Whether no provider has a key: only simulated models answer. */
  bare: boolean;
}

/** What somebody should look at. Nothing at all where nothing is the matter. */
export function Attention({ alerts, bare }: AttentionProps) {
  const [now] = useState(() => Date.now());
  const young = highest(
    alerts.filter((alert) => now - new Date(alert.created_at).getTime() < YOUNG_MS),
  ).slice(0, SHOWN_MAX);
  if (young.length === 0 && !bare) return null;
  return (
    <aside aria-label="Needs attention" className="w-full max-xl:mt-8 xl:ml-10 xl:w-72">
      <h2 className="border-b pb-2 text-read font-semibold">Needs attention</h2>
      <ul>
        {bare && (
          <li className="border-b py-2">
            <Status tone="idle">No provider has a key yet</Status>
            <p className="mt-1">
              Simulated models answer until one has.{" "}
              <Link to="/setup" search={{ step: "provider" }} className="text-accent underline">
                Add a key
              </Link>
            </p>
          </li>
        )}
        {young.map((alert) => (
          <li key={alert.id} className="border-b py-2">
            <Status tone={toneOf(alert)}>
              <Time at={alert.created_at} relative />
            </Status>
            <p className="mt-1">
              <Subject alert={alert} />
            </p>
          </li>
        ))}
      </ul>
    </aside>
  );
}

/** Of one budget the highest threshold says it all. */
function highest(alerts: readonly Alert[]): Alert[] {
  const budgetOf = ({ kind, subject, details }: Alert) =>
    [kind, subject.id, details.window, details.window_start].join("\n");
  const reached = ({ details }: Alert) => Number(details.threshold_percent ?? 0);
  return alerts.filter((alert) =>
    alerts.every(
      (other) => budgetOf(other) !== budgetOf(alert) || reached(other) <= reached(alert),
    ),
  );
}

function toneOf({ kind, details }: Alert): "warn" | "bad" {
  const spent = kind === "budget_threshold" && Number(details.threshold_percent) >= 100;
  return spent ? "bad" : "warn";
}

/** The sentence of an alert, leading to what it is about. */
function Subject({ alert }: { alert: Alert }) {
  const exists = usePageExists();
  const { type, id } = alert.subject;
  const target =
    type === "key"
      ? { to: "/keys", search: { open: id } }
      : type === "account"
        ? { to: "/credits", search: {} }
        : { to: "/budgets", search: {} };
  if (!exists(target.to)) return alert.message;
  return (
    <Link to={target.to} search={target.search} className="hover:underline">
      {alert.message}
    </Link>
  );
}
