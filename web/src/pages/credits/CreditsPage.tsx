import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { workspacesQuery } from "~/api/organisation";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { Page } from "~/components/Page";
import { Select } from "~/components/Select";
import { type Tab, Tabs } from "~/components/Tabs";
import { oneOf, text, useUrlState } from "~/url/state";
import { Buy } from "./Buy";
import { Figures } from "./Figures";
import { Months } from "./Months";
import { Payments } from "./Payments";
import { PlanPanel } from "./PlanPanel";
import { SwitchOn } from "./SwitchOn";

const DEFAULT = "default";
const ACCOUNT = text(DEFAULT);
const TABS = ["statements", "plan", "payments"] as const;
type TabName = (typeof TABS)[number];
const TAB = oneOf<TabName>(TABS, "statements");

export default function CreditsPage() {
  const session = useSession();
  const { billing } = session.installation;
  const writes = may(session, "money", "write");
  const [account, setAccount] = useUrlState("account", ACCOUNT);
  const [tab, setTab] = useUrlState("tab", TAB);
  const [buying, setBuying] = useState(false);
  const { data } = useQuery({ ...workspacesQuery, enabled: may(session, "workspaces") });
  const accounts = useMemo(() => {
    const named = (data?.data ?? []).map((workspace) => workspace.account);
    return [...new Set([DEFAULT, account, ...named])].sort();
  }, [data, account]);
  const payers = useMemo(
    () => (data?.data ?? []).filter((it) => it.account === account).map(({ id }) => id),
    [data, account],
  );
  const tabs: Tab<TabName>[] = [
    {
      value: "statements",
      label: "Statements",
      panel: <Months account={account} payers={payers} />,
    },
    { value: "plan", label: "Plan", panel: <PlanPanel account={account} /> },
    ...(billing
      ? [{ value: "payments" as const, label: "Payments", panel: <Payments account={account} /> }]
      : []),
  ];
  return (
    <Page
      title={billing ? "Credits" : "Spend"}
      scope={
        billing
          ? `the account ${account}, in US dollars`
          : `what calls of the account ${account} cost at providers, in US dollars`
      }
      actions={
        <>
          {accounts.length > 1 && (
            <Select
              label="Account"
              options={accounts.map((name) => ({ value: name, label: name }))}
              value={account}
              onChange={(next) => setAccount(next, true)}
              className="w-40"
            />
          )}
          <ApiCall method="GET" path="/credits" query={{ account }} />
          {billing && writes && (
            <Button variant="primary" onClick={() => setBuying(true)}>
              Buy credit
            </Button>
          )}
        </>
      }
    >
      <Figures account={account} payers={payers} />
      {!billing && <SwitchOn />}
      <Tabs
        label={billing ? "Credits" : "Spend"}
        tabs={tabs}
        value={tabs.some(({ value }) => value === tab) ? tab : "statements"}
        onChange={(next) => setTab(next, true)}
      />
      {buying && <Buy account={account} onClose={() => setBuying(false)} />}
    </Page>
  );
}
