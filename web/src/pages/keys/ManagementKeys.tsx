import { useSession } from "~/app/session";
import { Code } from "~/components/Code";
import { CopyField } from "~/components/CopyField";

const MAKE = "tollgate keys create --name admin --management";
const ASK = `curl "$TOLLGATE_URL/api/v1/keys" \\
  -H "Authorization: Bearer $TOLLGATE_MANAGEMENT_KEY"`;

/** What management keys are, and how one is made: the API makes none. */
export function ManagementKeys() {
  const { everywhere } = useSession();
  return (
    <div className="flex max-w-[68ch] flex-col gap-4 py-4 text-read">
      <p>
        A management key does what this dashboard does, for programs: it makes keys, reads activity
        and changes settings. <strong className="font-semibold">It cannot call models.</strong>
      </p>
      <p>One is made on the gateway's own machine, by its command line:</p>
      <CopyField label="Command" labelled={false} value={MAKE} />
      <p>Its secret is shown once. A program then asks like this:</p>
      <Code code={ASK} language="bash" />
      {everywhere && (
        <p className="text-muted">
          Management keys stand among the API keys, where they can be disabled, rotated and deleted.
        </p>
      )}
    </div>
  );
}
