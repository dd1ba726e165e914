import { Plus } from "lucide-react";
import { useState } from "react";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { Page } from "~/components/Page";
import { Tabs } from "~/components/Tabs";
import { oneOf, text, useOpen, useUrlState } from "~/url/state";
import { ApiKeys } from "./ApiKeys";
import { KeyForm } from "./KeyForm";
import { ManagementKeys } from "./ManagementKeys";
import { type NewSecret, SecretDialog } from "./SecretDialog";

const TAB = oneOf(["api", "management"] as const, "api");
const WORKSPACE = text("");
/** What `?open=` says while a key is made. */
const NEW = "new";

export default function KeysPage() {
  const session = useSession();
  const [tab, setTab] = useUrlState("tab", TAB);
  const [slug, setWorkspace] = useUrlState("workspace", WORKSPACE);
  const [open, setOpen] = useOpen();
  const [made, setMade] = useState<NewSecret | null>(null);
  const makes = may(session, "keys", "write") || may(session, "own_keys", "write");
  // Who does not reach all workspaces sees one of theirs.
  const fallback = session.everywhere ? null : (session.workspaces[0] ?? null);
  const workspace = session.workspaces.find((one) => one.slug === slug) ?? fallback;
  const create = () => setOpen(NEW);
  return (
    <Page
      title="Keys"
      scope={workspace ? `of the workspace ${workspace.name}` : "What apps call models with"}
      actions={
        tab === "api" && (
          <>
            <ApiCall
              method="GET"
              path="/keys"
              query={{ include_disabled: true, workspace_id: workspace?.id }}
            />
            {makes && (
              <Button
                variant="primary"
                onClick={create}
                icon={<Plus aria-hidden className="size-4" />}
              >
                Create key
              </Button>
            )}
          </>
        )
      }
    >
      <Tabs
        label="Keys"
        value={tab}
        onChange={setTab}
        tabs={[
          {
            value: "api",
            label: "API keys",
            panel: (
              <ApiKeys
                workspace={workspace}
                onWorkspace={(one) => setWorkspace(one)}
                open={open === NEW ? null : open}
                onOpen={setOpen}
                onCreate={makes ? create : null}
                onSecret={setMade}
              />
            ),
          },
          { value: "management", label: "Management keys", panel: <ManagementKeys /> },
        ]}
      />
      {open === NEW && makes && (
        <KeyForm
          record={null}
          workspace={workspace?.id ?? session.workspaces[0]?.id ?? ""}
          onClose={() => setOpen(null)}
          onCreated={(secret) => {
            setOpen(null);
            setMade(secret);
          }}
        />
      )}
      {made && <SecretDialog made={made} onDone={() => setMade(null)} />}
    </Page>
  );
}
