import { useNavigate } from "@tanstack/react-router";
import { type ComponentType, lazy, Suspense } from "react";
import type { Session } from "~/api/session";
import { Button } from "~/components/Button";
import { Loading } from "~/components/Loading";
import { Logo } from "~/shell/Logo";
import { oneOf, type Search, useUrlState } from "~/url/state";
import { STEPS } from "./registry";
import { StepList } from "./StepList";
import type { StepProps } from "./step";

const NAMES = STEPS.map((step) => step.name);
const FIRST = STEPS[0]?.name ?? "";
const STEP = oneOf(NAMES, FIRST);

const VIEWS: ReadonlyMap<string, ComponentType<StepProps>> = new Map(
  STEPS.map((step) => [step.name, lazy(step.load)]),
);

/** The way from an empty installation to a first answer, one short step after another. */
export default function Setup({ session }: { session: Session }) {
  const [wanted, setStep] = useUrlState("step", STEP);
  const navigate = useNavigate();
  const begun = session.state === "signed_in";
  const name = begun ? (wanted === FIRST ? (NAMES[1] ?? FIRST) : wanted) : FIRST;
  const at = NAMES.indexOf(name);
  const View = VIEWS.get(name);
  const goOn = () => {
    const next = STEPS[at + 1];
    // What a step has chosen goes on to the next: the provider that was given a key.
    const search = (before: Search) => ({ ...before, step: next?.name });
    if (next) void navigate({ to: "/setup", search });
    else void navigate({ to: "/" });
  };
  return (
    <main className="mx-auto grid min-h-dvh w-full max-w-200 content-start gap-x-12 gap-y-6 p-6 md:grid-cols-[11rem_minmax(0,35rem)] md:pt-[14vh]">
      <title>Set up · Tollgate</title>
      <div className="flex flex-col gap-6">
        <div className="flex items-center gap-2">
          <Logo />
          <span className="text-read font-semibold">{session.installation.name}</span>
        </div>
        <StepList at={at} steps={STEPS} onChoose={begun ? setStep : null} />
      </div>
      <div className="min-w-0">
        <Suspense fallback={<Loading label={STEPS[at]?.title ?? "Step"} />}>
          {View && <View session={session} onNext={goOn} />}
        </Suspense>
        {begun && (
          <div className="mt-6 border-t pt-3">
            <Button variant="quiet" className="-ml-3" onClick={goOn}>
              {at === STEPS.length - 1 ? "Go to the dashboard" : "Skip this step"}
            </Button>
          </div>
        )}
      </div>
    </main>
  );
}
