import { useState } from "react";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { Dialog } from "~/components/Dialog";

const LINES = `[billing]
enabled = true`;

/** Calls need no credit here; how to have them need it. */
export function SwitchOn() {
  const [open, setOpen] = useState(false);
  return (
    <p className="mb-6 max-w-[68ch] text-muted">
      Calls need no credit here: what they cost is counted and told, and nobody is charged.{" "}
      <Button variant="quiet" size="sm" className="text-accent!" onClick={() => setOpen(true)}>
        How to count credit
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Calls that need credit" wide>
        <p className="mb-3">
          With these lines in the configuration file, and after a restart, calls are paid for in
          advance from the account of their workspace. A call without credit is refused with 402.
        </p>
        <Code code={LINES} language="toml" />
        <p className="mt-4 mb-3">Then add credit to an account, on the machine of the gateway:</p>
        <Code
          code={'tollgate credits add 25 --account default --note "first credit"'}
          language="bash"
        />
        <p className="mt-4 text-muted">
          Give the accounts credit at once after the restart: until they have some, their calls are
          refused.
        </p>
      </Dialog>
    </p>
  );
}
