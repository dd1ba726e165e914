import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Page } from "~/components/Page";
import { Tabs } from "~/components/Tabs";
import { oneOf, useSearchParams } from "~/url/state";
import { ByokTab } from "./byok/ByokTab";
import { KeysTab } from "./KeysTab";

const TABS = ["keys", "byok"] as const;
const TAB = oneOf(TABS, "keys");

/** Keys at providers: the installation's, and those of callers' own. */
export default function ProvidersPage() {
  const { everywhere } = useSession();
  const [search, change] = useSearchParams();
  const tab = search.tab === undefined && !everywhere ? "byok" : TAB.read(search.tab);
  return (
    <Page
      title="Providers"
      scope={
        tab === "keys"
          ? "keys that every call of this gateway may use"
          : "keys of your own accounts, tried before or behind the gateway's"
      }
      actions={<ApiCall method="GET" path={tab === "keys" ? "/provider-keys" : "/byok"} />}
    >
      <Tabs
        label="Whose keys"
        value={tab}
        onChange={(next) => change({ tab: next, open: undefined, q: undefined, has: undefined })}
        tabs={[
          { value: "keys", label: "Gateway's keys", panel: <KeysTab /> },
          { value: "byok", label: "Own keys (BYOK)", panel: <ByokTab /> },
        ]}
      />
    </Page>
  );
}
