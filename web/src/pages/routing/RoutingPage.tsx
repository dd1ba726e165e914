import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Page } from "~/components/Page";
import { Tabs } from "~/components/Tabs";
import { oneOf, useSearchParams, useUrlState } from "~/url/state";
import { Experiments } from "./Experiments";
import { Rules } from "./Rules";
import { Versions } from "./Versions";

const TABS = ["rules", "versions", "experiments"] as const;
type TabName = (typeof TABS)[number];
const TAB = oneOf<TabName>(TABS, "rules");

const CALLS: Record<TabName, string> = {
  rules: "/routing/policy",
  versions: "/routing/policy/versions",
  experiments: "/routing/experiments",
};

export default function RoutingPage() {
  const session = useSession();
  const writes = may(session, "routing", "write");
  const [tab] = useUrlState("tab", TAB);
  const [, change] = useSearchParams();
  return (
    <Page
      title="Routing"
      scope="rules that are looked at before a call is sent anywhere"
      actions={<ApiCall method="GET" path={CALLS[tab]} />}
    >
      <Tabs
        label="Routing"
        value={tab}
        onChange={(next) => change({ tab: TAB.write(next), open: undefined }, true)}
        tabs={[
          { value: "rules", label: "Rules", panel: <Rules writes={writes} /> },
          { value: "versions", label: "Versions", panel: <Versions writes={writes} /> },
          { value: "experiments", label: "Experiments", panel: <Experiments /> },
        ]}
      />
    </Page>
  );
}
