import { useQuery } from "@tanstack/react-query";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Page } from "~/components/Page";
import { Sheet } from "~/components/Sheet";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { useOpen } from "~/url/state";
import { NewPreset } from "./NewPreset";
import { PresetDetail } from "./PresetDetail";
import { type Preset, presetsQuery } from "./queries";

const NEW = "new preset";

const COLUMNS: readonly Column<Preset>[] = [
  {
    id: "slug",
    header: "Called as",
    width: 150,
    grow: 2,
    rank: 0,
    cell: ({ slug }) => <code className="font-mono text-label">@preset/{slug}</code>,
  },
  {
    id: "name",
    header: "Name",
    width: 120,
    grow: 2,
    rank: 2,
    cell: ({ name }) => name,
  },
  {
    id: "description",
    header: "Description",
    width: 140,
    grow: 3,
    rank: 4,
    cell: ({ description }) => <span className="text-muted">{description}</span>,
  },
  {
    id: "status",
    header: "Status",
    width: 90,
    rank: 1,
    cell: ({ status }) => (
      <Status tone={status === "active" ? "good" : "idle"}>
        {status === "active" ? "Active" : status === "disabled" ? "Disabled" : "Archived"}
      </Status>
    ),
  },
  {
    id: "changed",
    header: "Changed",
    width: 110,
    rank: 3,
    cell: ({ updated_at }) => <Time at={updated_at} relative />,
  },
];

const slugOf = ({ slug }: Preset) => slug;

export default function PresetsPage() {
  const session = useSession();
  const writes = may(session, "routing", "write");
  const [open, setOpen] = useOpen();
  const { data, error, isPending, isFetching, refetch } = useQuery(presetsQuery);
  const opened = data?.data.find(({ slug }) => slug === open);
  const create = writes && (
    <Button variant="primary" onClick={() => setOpen(NEW)}>
      Create preset
    </Button>
  );
  return (
    <Page
      title="Presets"
      scope="what calls have in common, under a name; of the default workspace"
      actions={
        <>
          <ApiCall method="GET" path="/presets" />
          {data && data.data.length > 0 && create}
        </>
      }
    >
      {error && !data ? (
        <ErrorPanel what="The presets can't be read" error={error} onRetry={() => void refetch()} />
      ) : (
        <DataTable
          label="Presets"
          rows={data?.data ?? []}
          columns={COLUMNS}
          rowKey={slugOf}
          openKey={open}
          onOpen={setOpen}
          loading={isPending}
          refreshing={isFetching && !isPending}
          empty={
            <EmptyState title="No presets yet" action={create}>
              A preset keeps model, providers, parameters, tools and instructions under a name.
              Calls say <code className="font-mono text-label">@preset/name</code> instead of a
              model, and what they get changes without a change of any caller.
            </EmptyState>
          }
        />
      )}
      <Sheet
        open={opened !== undefined || (open === NEW && writes)}
        onClose={() => setOpen(null)}
        title={opened?.name ?? "New preset"}
        subtitle={
          opened && (
            <CopyField label="Name in calls" value={`@preset/${opened.slug}`} labelled={false} />
          )
        }
        modal={open === NEW}
      >
        {opened && (
          <PresetDetail
            key={opened.slug}
            preset={opened}
            writes={writes}
            onGone={() => setOpen(null)}
          />
        )}
        {open === NEW && <NewPreset onDone={setOpen} />}
      </Sheet>
    </Page>
  );
}
