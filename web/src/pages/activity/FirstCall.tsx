import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { apiBase } from "~/api/base";
import { modelsQuery } from "~/api/catalogue";
import { keyNamesQuery } from "~/api/keys";
import { providerKeysQuery } from "~/api/provider-keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { CodeTabs, chatSamples } from "~/components/CodeTabs";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { Status } from "~/components/Status";
import { usePageExists } from "./use-page-exists";

/** A model of the simulator, which answers before any provider has a key. */
const BUILT_IN = "tollgate/echo";

interface Step {
  label: string;
  hint: string;
  done: boolean;
  act?: string;
  /** Where it is done, of the pages that there are. */
  at: readonly { to: string; search?: Record<string, string> }[];
}

/** What stands here until the first call: what is left to do, and a call that works. */
export function FirstCall() {
  const session = useSession();
  const keys = useQuery({ ...keyNamesQuery(session), enabled: may(session, "own_keys") });
  const providers = useQuery({ ...providerKeysQuery, enabled: session.everywhere });
  const { data: models = [] } = useQuery(modelsQuery);
  const model = models.some(({ id }) => id === BUILT_IN) ? BUILT_IN : (models[0]?.id ?? BUILT_IN);
  if (keys.isLoading || providers.isLoading) {
    return (
      <Page title="Activity">
        <Loading label="Set-up" rows={4} rowHeight={48} />
      </Page>
    );
  }
  const reachable = (providers.data ?? []).filter(({ source }) => source !== null);
  const steps: Step[] = [
    {
      label: "Account",
      hint: `You are signed in as ${session.user.email}.`,
      done: true,
      at: [],
    },
    ...(session.everywhere
      ? [
          {
            label: "A provider's key",
            hint:
              reachable.length > 0
                ? `${reachable.map(({ name }) => name).join(", ")}.`
                : "Until then simulated models answer, such as tollgate/echo.",
            done: reachable.length > 0,
            act: "Add a key",
            at: [{ to: "/providers" }, { to: "/setup", search: { step: "provider" } }],
          },
        ]
      : []),
    {
      label: "A key for an app",
      hint: (keys.data?.size ?? 0) > 0 ? named(keys.data) : "It calls models, up to a limit.",
      done: (keys.data?.size ?? 0) > 0,
      act: "Create key",
      at: [{ to: "/keys", search: { open: "new" } }],
    },
    { label: "A first call", hint: "Such as the one below.", done: false, at: [] },
  ];
  return (
    <Page title="Activity" scope="Nothing was called yet">
      <div className="grid max-w-180 gap-8">
        <p className="max-w-[68ch] text-read text-muted">
          As soon as an app calls a model, this page shows what it costs, how much is used, by whom
          and how fast answers come.
        </p>
        <ol aria-label="Set-up" className="border-t">
          {steps.map((step) => (
            <StepLine key={step.label} step={step} />
          ))}
        </ol>
        <div>
          <h2 className="pb-2 text-read font-semibold">A call that works</h2>
          <CodeTabs
            samples={chatSamples({ baseUrl: apiBase(), apiKey: "$TOLLGATE_API_KEY", model })}
          />
          <p role="status" className="pt-3">
            <Status tone="idle">Waiting for the first call…</Status>
          </p>
        </div>
      </div>
    </Page>
  );
}

const NAMED_MAX = 3;

function named(keys: ReadonlyMap<string, string> | undefined): string {
  const all = [...(keys?.values() ?? [])];
  const more = all.length - NAMED_MAX;
  return `You have ${all.slice(0, NAMED_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}

function StepLine({ step }: { step: Step }): ReactNode {
  const exists = usePageExists();
  const target = step.at.find(({ to }) => exists(to));
  return (
    <li className="flex items-center gap-3 border-b py-2">
      <span
        className={`grid size-5 shrink-0 place-items-center rounded-full border ${step.done ? "border-good text-good" : "border-line-strong text-transparent"}`}
      >
        <Check aria-hidden className="size-3" />
      </span>
      <span className="min-w-0 flex-1">
        <span className="font-medium">{step.label}</span>
        <span className="sr-only">{step.done ? ": done" : ": to do"}</span>
        <span className="block text-muted">{step.hint}</span>
      </span>
      {!step.done && target && (
        <Link
          to={target.to}
          search={target.search ?? {}}
          className="shrink-0 text-accent hover:underline"
        >
          {step.act}
        </Link>
      )}
    </li>
  );
}
