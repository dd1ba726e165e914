import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { Dialog } from "~/components/Dialog";
import { messageOf } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { LimitBar } from "~/components/LimitBar";
import { useAllowance } from "./playground-key";
import { spentOf } from "./spent";
import { useChat } from "./use-chat";

/** Another limit for the playground's key. */
export function RaiseLimit({ onClose, onRaised }: { onClose: () => void; onRaised: () => void }) {
  const { key } = useChat();
  const rules = may(useSession(), "keys", "write");
  const allowance = useAllowance(key);
  const [typed, setTyped] = useState("");
  const dollars = Number(typed);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => key.limit(dollars),
    onSuccess: onRaised,
  });
  const ready = typed.trim() !== "" && Number.isFinite(dollars) && dollars > 0;
  return (
    <Dialog open onClose={onClose} title="Raise the playground's limit">
      <form
        aria-label="Raise the playground's limit"
        className="flex flex-col items-start gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) mutate();
        }}
      >
        {allowance && (
          <LimitBar
            spent={spentOf(allowance)}
            limit={allowance.limit}
            label="Spent of the limit"
            {...(allowance.reset === "daily" ? { note: "starts anew at midnight, UTC" } : {})}
          />
        )}
        <label className="flex w-full max-w-60 flex-col gap-1">
          <span className="font-medium">New limit, US dollars {per(allowance?.reset)}</span>
          <input
            inputMode="decimal"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            placeholder={allowance?.limit ?? "5"}
            className={CONTROL}
          />
        </label>
        {!rules && (
          <p className="text-muted">
            Your role may lower it; to raise it, ask an admin of the key's workspace.
          </p>
        )}
        {error && (
          <p role="alert" className="text-bad">
            {messageOf(error)}
          </p>
        )}
        <Button type="submit" variant="primary" busy={isPending} disabled={!ready}>
          Raise and retry
        </Button>
      </form>
    </Dialog>
  );
}

function per(reset: "daily" | "weekly" | "monthly" | null | undefined): string {
  if (reset === "daily") return "a day";
  if (reset === "weekly") return "a week";
  return reset === "monthly" ? "a month" : "in all";
}
