import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { invitationsQuery, membersQuery } from "~/api/organisation";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { Page } from "~/components/Page";
import { type Tab, Tabs } from "~/components/Tabs";
import { oneOf, useSearchParams, useUrlState } from "~/url/state";
import { AuditLog } from "./AuditLog";
import { Invitations } from "./Invitations";
import { InviteDialog } from "./InviteDialog";
import { Matrix } from "./Matrix";
import { Members } from "./Members";

const TABS = ["members", "invitations", "permissions", "audit"] as const;
type TabName = (typeof TABS)[number];
const TAB = oneOf<TabName>(TABS, "members");

const CALLS = {
  members: "/organization/members",
  invitations: "/organization/invitations",
  permissions: "/session",
  audit: "/audit",
} as const;

const SCOPES: Record<TabName, string> = {
  members: "everybody in this installation",
  invitations: "people who were asked in and have not come yet",
  permissions: "what each role looks at and changes",
  audit: "every administrative act, the newest first",
};

export default function TeamPage() {
  const session = useSession();
  const [tab] = useUrlState("tab", TAB);
  const [, change] = useSearchParams();
  const [inviting, setInviting] = useState(false);
  const people = may(session, "people");
  const members = useQuery({ ...membersQuery, enabled: people });
  const invitations = useQuery({ ...invitationsQuery, enabled: people });
  const tabs: Tab<TabName>[] = [
    {
      value: "members",
      label: "Members",
      count: members.data?.total_count,
      panel: <Members />,
    },
    {
      value: "invitations",
      label: "Invitations",
      count: invitations.data?.total_count,
      panel: <Invitations onInvite={() => setInviting(true)} />,
    },
    { value: "permissions", label: "Permissions", panel: <Matrix /> },
    ...(may(session, "audit")
      ? [{ value: "audit" as const, label: "Audit log", panel: <AuditLog /> }]
      : []),
  ];
  return (
    <Page
      title="Team"
      scope={SCOPES[tab]}
      actions={
        <>
          <ApiCall method="GET" path={CALLS[tab]} />
          {may(session, "people", "write") && (
            <Button variant="primary" onClick={() => setInviting(true)}>
              Invite somebody
            </Button>
          )}
        </>
      }
    >
      <Tabs
        label="Team"
        tabs={tabs}
        value={tab}
        // What is open or filtered belongs to the tab that is left.
        onChange={(next) =>
          change({ tab: TAB.write(next), open: undefined, who: undefined, act: undefined }, true)
        }
      />
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </Page>
  );
}
