import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type KeyRecord, keyQuery } from "~/api/keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import { ErrorPanel } from "~/components/ErrorPanel";
import { type Fact, Facts } from "~/components/Facts";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { Sheet } from "~/components/Sheet";
import { Sparkline } from "~/components/Sparkline";
import { Time } from "~/components/Time";
import { amount, whole } from "~/format";
import { flag, useSearchParams } from "~/url/state";
import { BUDGETS, RATES } from "./draft";
import { KeyForm } from "./KeyForm";
import { KeyLimit } from "./KeyLimit";
import { KeyStatus } from "./KeyStatus";
import { LastUse } from "./LastUse";
import { mayChange } from "./may-change";
import { requestWords } from "./queries";
import type { KeyActs } from "./use-key-acts";
import type { ListedKey } from "./use-listed-keys";

const EDIT = flag();

export interface KeySheetProps {
  hash: string;
  /** The key of the list; one that is not there is asked for. */
  listed: ListedKey | null;
  describe: (record: KeyRecord) => ListedKey;
  now: Date;
  acts: KeyActs;
  onAsk: (act: "rotate" | "delete", key: ListedKey) => void;
  onClose: () => void;
}

/** One key: what it may do, what it did, and its form. */
export function KeySheet({ hash, listed, describe, now, acts, onAsk, onClose }: KeySheetProps) {
  const session = useSession();
  const [search, change] = useSearchParams();
  const single = useQuery({ ...keyQuery(hash), enabled: listed === null });
  const key = listed ?? (single.data ? describe(single.data) : null);
  const close = () => {
    change({ edit: undefined });
    onClose();
  };
  if (key && EDIT.read(search.edit) && mayChange(session, key.record)) {
    return (
      <KeyForm
        record={key.record}
        workspace={key.record.workspace_id}
        onClose={() => change({ edit: undefined })}
        onSaved={(record) => {
          acts.put(record);
          change({ edit: undefined });
        }}
      />
    );
  }
  return (
    <Sheet
      open
      onClose={close}
      title={key?.record.name ?? "Key"}
      subtitle={key && <code className="font-mono text-label">{key.record.label}</code>}
      footer={
        key &&
        mayChange(session, key.record) && (
          <>
            <Button onClick={() => change({ edit: "true" })}>Edit</Button>
            <Button onClick={() => onAsk("rotate", key)}>Rotate</Button>
            <Button onClick={() => acts.setDisabled(key.record, !key.record.disabled)}>
              {key.record.disabled ? "Enable" : "Disable"}
            </Button>
            <Button variant="danger" className="ml-auto" onClick={() => onAsk("delete", key)}>
              Delete
            </Button>
          </>
        )
      }
    >
      {key ? (
        <Details listed={key} now={now} seesUsage={may(session, "usage")} />
      ) : single.error ? (
        <ErrorPanel
          what="This key can't be read"
          error={single.error}
          onRetry={() => void single.refetch()}
        />
      ) : (
        <Loading label="Key" />
      )}
    </Sheet>
  );
}

interface DetailsProps {
  listed: ListedKey;
  now: Date;
  seesUsage: boolean;
}

function Details({ listed, now, seesUsage }: DetailsProps) {
  const { record, bound, state, use, workspace } = listed;
  const limits = [...RATES, ...BUDGETS].flatMap(({ name, label }): Fact[] => {
    const value = record.rate_limits[name];
    if (value == null) return [];
    return [[label, typeof value === "string" ? amount(value) : whole(value)]];
  });
  const facts: (Fact | null)[] = [
    ["State", <KeyStatus key="state" record={record} state={state} now={now} />],
    ["Limit", <KeyLimit key="limit" bound={bound} spent={record.usage} now={now} />],
    ["Spent today", <Money key="day" dollars={record.usage_daily} />],
    ["Spent this month", <Money key="month" dollars={record.usage_monthly} as="total" />],
    ["Spent in all", <Money key="all" dollars={record.usage} as="total" />],
    record.byok_usage > 0
      ? ["By own keys", <Money key="byok" dollars={record.byok_usage} as="total" />]
      : null,
    ["Last used", <LastUse key="used" listed={listed} now={now} />],
    use && use.requests > 0
      ? [
          "Last 7 days",
          <span key="course" className="flex items-center gap-3">
            <Sparkline values={use.course} label="Requests by day" />
            {requestWords(use.requests)}
          </span>,
        ]
      : null,
    ...limits,
    ["Models", listWords(record.allowed_models)],
    ["Providers", listWords(record.allowed_providers)],
    ["Addresses", listWords(record.allowed_addresses)],
    ["Workspace", workspace],
    ["Ends", record.expires_at ? <Time key="ends" at={record.expires_at} /> : "never"],
    ["Made", <Time key="made" at={record.created_at} />],
    ...record.former_secrets.map(
      ({ works_until, hash }): Fact => [
        "Secret before",
        <span key={hash}>
          works until <Time at={works_until} />
        </span>,
      ],
    ),
    ["Hash", <CopyField key="hash" label="Hash" labelled={false} value={record.hash} />],
  ];
  return (
    <>
      <Facts facts={facts} />
      {seesUsage && (
        <p className="flex gap-4 pt-4">
          <Link
            to="/activity"
            search={{ key: record.hash, range: "30d" }}
            className="text-accent hover:underline"
          >
            Its activity
          </Link>
          <Link
            to="/logs"
            search={{ key: record.hash, range: "7d" }}
            className="text-accent hover:underline"
          >
            Its requests
          </Link>
        </p>
      )}
    </>
  );
}

const listWords = (values: readonly string[] | null) => (values ? values.join(", ") : "all");
