import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { workspacesQuery } from "~/api/organisation";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { Page, Section } from "~/components/Page";
import { list, useOpen, useUrlState } from "~/url/state";
import { Alerts } from "./Alerts";
import { BudgetSheet } from "./BudgetSheet";
import { INTERVALS, type Interval } from "./interval";
import {
  type Budgets,
  budgetKeysQuery,
  budgetsQuery,
  type Spend,
  spendInAllQuery,
  spendQuery,
  workspaceLines,
} from "./queries";
import { useRights } from "./rights";
import { WorkspaceNode } from "./WorkspaceNode";

/** Where there are more workspaces, each one's budgets are asked for when it is unfolded. */
const UNFOLDED = 10;

export default function BudgetsPage() {
  const session = useSession();
  const rights = useRights();
  const [open, setOpen] = useOpen();
  const [toggled, setToggled] = useUrlState("toggled", list);
  const workspaces = useQuery(workspacesQuery);
  const all = useMemo(() => workspaces.data?.data ?? [], [workspaces.data]);
  const unfolded = (id: string) => all.length <= UNFOLDED !== toggled.includes(id);
  const shown = all.filter(({ id }) => unfolded(id) || open === `workspace:${id}`);
  const budgets = useQueries({
    queries: shown.map(({ id }) => budgetsQuery(id)),
    combine: (answers) =>
      new Map(shown.map(({ id }, index) => [id, answers[index]?.data] as const)),
  });
  const places = session.everywhere ? null : session.workspaces.map(({ id }) => id);
  const keys = useInfiniteQuery({ ...budgetKeysQuery(places), enabled: may(session, "keys") });
  const allKeys = useMemo(() => keys.data?.pages.flatMap((page) => page.keys) ?? [], [keys.data]);
  const spends = useSpends([...budgets.values()]);
  const inAll = useQuery({ ...spendInAllQuery, enabled: may(session, "usage") });
  const toggle = (id: string) =>
    setToggled(toggled.includes(id) ? toggled.filter((it) => it !== id) : [...toggled, id]);
  const bounded =
    [...budgets.values()].some((it) => it && it.data.length > 0) ||
    allKeys.some((key) => key.limit !== null || Object.keys(key.rate_limits).length > 0);
  const settled = workspaces.data && [...budgets.values()].every(Boolean) && !keys.isLoading;
  const first = all[0];

  return (
    <Page
      title="Budgets"
      scope="what may be spent, and what is; periods are UTC"
      actions={<ApiCall method="GET" path={`/workspaces/${first?.slug ?? "default"}/budgets`} />}
    >
      <div className="grid gap-x-12 gap-y-8 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="min-w-0">
          <Section
            title={session.installation.name}
            hint={
              inAll.data && (
                <>
                  <Money dollars={inAll.data.usage} as="total" /> spent this month
                </>
              )
            }
          >
            {workspaces.isPending && <Loading label="Budgets" rows={6} />}
            {workspaces.error && !workspaces.data && (
              <ErrorPanel
                what="The workspaces can't be read"
                error={workspaces.error}
                onRetry={() => void workspaces.refetch()}
              />
            )}
            {workspaces.data && all.length === 0 && (
              <EmptyState title="No workspace yet">
                You belong to no workspace. An owner or admin can take you into one under Team.
              </EmptyState>
            )}
            {settled && !bounded && first && (
              <p className="mb-3 max-w-[68ch] text-muted">
                Nothing bounds what is spent here. A budget of a workspace holds for all its keys
                together: when it is used up, calls are refused before they begin.{" "}
                {rights.rules(first.id) && (
                  <Button
                    variant="primary"
                    size="sm"
                    className="ml-2"
                    onClick={() => setOpen(`workspace:${first.id}`)}
                  >
                    Set a budget
                  </Button>
                )}
              </p>
            )}
            <ul className="flex flex-col gap-6">
              {all.map((workspace) => {
                const known = budgets.get(workspace.id);
                return (
                  <WorkspaceNode
                    key={workspace.id}
                    workspace={workspace}
                    lines={known ? workspaceLines(known, workspace.id, spends) : null}
                    month={spends.get("monthly")?.get(workspace.id)}
                    keys={allKeys.filter((key) => key.workspace_id === workspace.id)}
                    unfolded={unfolded(workspace.id)}
                    onToggle={() => toggle(workspace.id)}
                    onOpen={setOpen}
                    may={rights.rules(workspace.id)}
                  />
                );
              })}
            </ul>
            {keys.error && !keys.data && (
              <ErrorPanel
                what="The keys can't be read"
                error={keys.error}
                onRetry={() => void keys.refetch()}
              />
            )}
            {keys.hasNextPage && (
              <Button
                className="mt-4"
                busy={keys.isFetchingNextPage}
                onClick={() => void keys.fetchNextPage()}
              >
                Show older keys
              </Button>
            )}
          </Section>
        </div>
        <div className="min-w-0">{may(session, "usage") && <Alerts />}</div>
      </div>
      <BudgetSheet
        open={open}
        onClose={() => setOpen(null)}
        workspaces={all}
        keys={allKeys}
        budgets={budgets}
        spends={spends}
        rights={rights}
        loading={!settled}
      />
    </Page>
  );
}

export type Spends = ReadonlyMap<Interval, ReadonlyMap<string, Spend>>;

/** What workspaces have spent: this month always, other periods where a budget is of one. */
function useSpends(budgets: (Budgets | undefined)[]): Spends {
  const session = useSession();
  const of = new Set<Interval>(["monthly"]);
  for (const { reset_interval } of budgets.flatMap((it) => it?.data ?? [])) {
    of.add(reset_interval ?? "lifetime");
  }
  const asked = may(session, "usage") ? INTERVALS.filter((interval) => of.has(interval)) : [];
  return useQueries({
    queries: asked.map(spendQuery),
    combine: (answers) => {
      const known = new Map<Interval, ReadonlyMap<string, Spend>>();
      for (const [index, { data }] of answers.entries()) {
        const interval = asked[index];
        if (interval && data) known.set(interval, data);
      }
      return known;
    },
  });
}
