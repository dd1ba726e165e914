import { Link } from "@tanstack/react-router";
import type { Workspace } from "~/api/organisation";
import type { KeyRecord } from "~/api/session";
import { CopyField } from "~/components/CopyField";
import { EmptyState } from "~/components/EmptyState";
import { Loading } from "~/components/Loading";
import { Sheet } from "~/components/Sheet";
import { BudgetForm } from "./BudgetForm";
import { BudgetLine } from "./BudgetLine";
import type { Spends } from "./BudgetsPage";
import { type Budgets, keyLines, type Line, workspaceLines } from "./queries";
import type { Rights } from "./rights";

export interface BudgetSheetProps {
  /** `workspace:ID` or `key:HASH`. */
  open: string | null;
  onClose: () => void;
  workspaces: readonly Workspace[];
  keys: readonly KeyRecord[];
  budgets: ReadonlyMap<string, Budgets | undefined>;
  spends: Spends;
  rights: Rights;
  loading: boolean;
}

/** What bounds a workspace or a key, and the form to change it. */
export function BudgetSheet(props: BudgetSheetProps) {
  const { open, onClose, rights } = props;
  const [kind, id] = open?.split(":") ?? [];
  const workspace = props.workspaces.find((it) => kind === "workspace" && it.id === id);
  const budgets = workspace && props.budgets.get(workspace.id);
  const key = props.keys.find((it) => kind === "key" && it.hash === id);
  return (
    <Sheet
      open={open !== null}
      onClose={onClose}
      title={`Budgets of ${workspace?.name ?? key?.name ?? "…"}`}
      subtitle={
        workspace ? "All keys of the workspace together" : key && <KeySubtitle record={key} />
      }
    >
      {workspace && budgets && (
        <>
          <Lines lines={workspaceLines(budgets, workspace.id, props.spends)} of={workspace.name} />
          <BudgetForm
            key={workspace.id}
            subject={{ kind: "workspace", workspace, budgets }}
            lines={workspaceLines(budgets, workspace.id, props.spends)}
            may={rights.rules(workspace.id)}
            onDone={onClose}
          />
        </>
      )}
      {key && (
        <>
          <Lines lines={keyLines(key)} of={key.name} />
          <BudgetForm
            key={key.hash}
            subject={{ kind: "key", record: key }}
            lines={keyLines(key)}
            may={rights.changes(key)}
            onDone={onClose}
          />
        </>
      )}
      {!key && !budgets && props.loading && <Loading label="Budgets" rows={4} />}
      {!key && !workspace && !props.loading && (
        <EmptyState title="Nothing of that name">
          It is gone, or you don’t reach it. Keys that were used long ago are under{" "}
          <Link to="/keys" className="text-accent underline">
            Keys
          </Link>
          .
        </EmptyState>
      )}
    </Sheet>
  );
}

function KeySubtitle({ record }: { record: KeyRecord }) {
  return (
    <span className="flex flex-wrap items-center gap-x-4">
      <CopyField label="Hash" value={record.hash} shown={record.label} labelled={false} />
      <Link to="/keys" search={{ open: record.hash }} className="text-accent underline">
        Everything about this key
      </Link>
    </span>
  );
}

function Lines({ lines, of }: { lines: readonly Line[]; of: string }) {
  if (lines.length === 0) return null;
  return (
    <ul
      aria-label={`What bounds ${of}`}
      className="mb-5 flex flex-col gap-1 border-b pb-4 [&>li]:grid-cols-[6rem_minmax(0,1fr)]! [&_.md\:contents]:flex!"
    >
      {lines.map((line) => (
        <BudgetLine key={`${line.interval}${line.plain ? " limit" : ""}`} line={line} of={of} />
      ))}
    </ul>
  );
}
