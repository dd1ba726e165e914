import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Workspace } from "~/api/organisation";
import type { KeyRecord } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { classes } from "~/components/classes";
import { Money } from "~/components/Money";
import { cost, whole } from "~/format";
import { BudgetLine } from "./BudgetLine";
import { INTERVAL_NAMES } from "./interval";
import { keyLines, type Line, type Spend, tightest } from "./queries";

export interface WorkspaceNodeProps {
  workspace: Workspace;
  /** Null until they are known. */
  lines: Line[] | null;
  /** What it spent this month. */
  month: Spend | undefined;
  keys: readonly KeyRecord[];
  unfolded: boolean;
  onToggle: () => void;
  onOpen: (id: string) => void;
  may: boolean;
}

/** A workspace with its budgets, and below it what bounds its keys. */
export function WorkspaceNode(props: WorkspaceNodeProps) {
  const { workspace, lines, month, keys, unfolded, onToggle, onOpen, may } = props;
  const rows = keys.map((key) => ({ key, lines: keyLines(key) }));
  const bounded = rows.filter((row) => row.lines.length > 0);
  const free = rows.filter((row) => row.lines.length === 0);
  return (
    <li>
      <div className="flex min-h-8 flex-wrap items-center gap-x-3">
        <Button
          variant="quiet"
          size="sm"
          aria-expanded={unfolded}
          aria-label={`${unfolded ? "Fold" : "Unfold"} ${workspace.name}`}
          onClick={onToggle}
          className="-ml-1.5"
          icon={<ChevronRight aria-hidden className={classes("size-4", unfolded && "rotate-90")} />}
        />
        <h3 className="font-semibold">{workspace.name}</h3>
        <span className="text-muted">
          <Money dollars={month?.usage ?? 0} as="total" /> this month
          {keys.length > 0 && ` · ${whole(keys.length)} ${keys.length === 1 ? "key" : "keys"}`}
        </span>
        <Button
          variant="quiet"
          size="sm"
          className="ml-auto"
          aria-label={`${may ? "Edit budgets" : "Details"} of ${workspace.name}`}
          onClick={() => onOpen(`workspace:${workspace.id}`)}
        >
          {may ? "Edit budgets" : "Details"}
        </Button>
      </div>
      {unfolded && (
        <div className="ml-2 border-l pl-4">
          {lines && lines.length > 0 && (
            <ul aria-label={`Budgets of ${workspace.name}`}>
              {lines.map((line) => (
                <BudgetLine key={line.interval} line={line} of={workspace.name} />
              ))}
            </ul>
          )}
          {lines?.length === 0 && <p className="py-1 text-muted">No budget of its own</p>}
          {bounded.map((row) => (
            <KeyNode
              key={row.key.hash}
              record={row.key}
              lines={row.lines}
              above={lines ?? []}
              onOpen={onOpen}
            />
          ))}
          <FreeKeys keys={free.map(({ key }) => key)} above={lines ?? []} onOpen={onOpen} />
        </div>
      )}
    </li>
  );
}

function KeyNode({
  record,
  lines,
  above,
  onOpen,
}: {
  record: KeyRecord;
  lines: Line[];
  above: readonly Line[];
  onOpen: (id: string) => void;
}) {
  const own = tightest(lines);
  const other = tightest(above);
  const binds = own?.left != null && other?.left != null && Number(other.left) < Number(own.left);
  return (
    <div className="mt-3">
      <div className="flex flex-wrap items-center gap-x-3">
        <button
          type="button"
          onClick={() => onOpen(`key:${record.hash}`)}
          className="min-h-6 truncate font-medium hover:underline"
        >
          {record.name}
        </button>
        <code className="font-mono text-label text-muted">{record.label}</code>
        {binds && <Binding line={other} />}
      </div>
      <ul aria-label={`Limits of ${record.name}`}>
        {lines.map((line) => (
          <BudgetLine
            key={`${line.interval}${line.plain ? " limit" : ""}`}
            line={line}
            of={record.name}
          />
        ))}
      </ul>
    </div>
  );
}

/** A bound from above that leaves less than what is set here. */
function Binding({ line }: { line: Line }) {
  return (
    <span className="text-label text-muted">
      Bound by the workspace’s {INTERVAL_NAMES[line.interval].toLowerCase()}: {cost(line.left)} left
    </span>
  );
}

const NAMED = 5;

/** Keys without a limit of their own: what is above bounds them. */
function FreeKeys({
  keys,
  above,
  onOpen,
}: {
  keys: readonly KeyRecord[];
  above: readonly Line[];
  onOpen: (id: string) => void;
}) {
  const [all, setAll] = useState(false);
  const { billing } = useSession().installation;
  if (keys.length === 0) return null;
  const other = tightest(above);
  const named = all ? keys : keys.slice(0, NAMED);
  return (
    <p className="mt-3 flex flex-wrap items-center gap-x-3 text-muted">
      <span>
        Without a limit of {keys.length === 1 ? "its" : "their"} own
        {other
          ? ", bound by the workspace"
          : billing
            ? ", bound by the balance of its account"
            : ", bound by no budget"}
        :
      </span>
      {named.map((key) => (
        <button
          key={key.hash}
          type="button"
          onClick={() => onOpen(`key:${key.hash}`)}
          className="min-h-6 text-text hover:underline"
        >
          {key.name}
        </button>
      ))}
      {keys.length > named.length && (
        <button
          type="button"
          onClick={() => setAll(true)}
          className="min-h-6 text-accent hover:underline"
        >
          {whole(keys.length - named.length)} more
        </button>
      )}
    </p>
  );
}
