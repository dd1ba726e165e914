import { useState } from "react";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { CodeTabs, chatSamples } from "~/components/CodeTabs";
import { CopyField } from "~/components/CopyField";
import { parseSort, sortText } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { ConfirmDialog } from "~/components/Dialog";
import { EmptyState } from "~/components/EmptyState";
import { FilterBar } from "~/components/FilterBar";
import { Menu } from "~/components/Menu";
import { Page } from "~/components/Page";
import { RangePicker, rangeWords } from "~/components/RangePicker";
import { Sheet } from "~/components/Sheet";
import { Tabs } from "~/components/Tabs";
import { useToast } from "~/components/Toast";
import { Waterfall } from "~/components/Waterfall";
import { filterQuery, filterWords } from "~/url/filters";
import { oneOf, text, useOpen, useUrlState } from "~/url/state";
import { useFilters } from "~/url/use-filters";
import { useRange } from "~/url/use-range";
import { Charts } from "./Charts";
import { Forms } from "./Forms";
import { Parts } from "./Parts";
import { COLUMNS, ROWS, type Row } from "./rows";

const TAB = oneOf(["table", "charts", "forms", "parts"], "table");
const SORT = text();
const FIELDS = ["model", "provider", "status", "fallback", "min_ms"];
const rowKey = (row: Row) => row.id;

const suggest = async (field: string) =>
  field === "model"
    ? [{ value: "openai/gpt-4o-mini", label: "openai/gpt-4o-mini", count: 12_400 }]
    : [];

export function Gallery() {
  const [tab, setTab] = useUrlState("tab", TAB);
  const [filters, setFilters] = useFilters();
  const range = useRange();
  const toast = useToast();
  const [deleting, setDeleting] = useState(false);
  const words = filterWords(filters);
  return (
    <main className="flex h-dvh flex-col">
      <Page
        title="Components"
        scope={`${rangeWords(range)}${words && `, ${words}`}`}
        actions={
          <>
            <ApiCall method="GET" path="/logs" query={filterQuery(filters)} />
            <Button onClick={() => toast("Copied", { label: "Undo", run: () => undefined })}>
              Toast
            </Button>
            <Menu
              label="More"
              items={[
                { label: "Rotate", run: () => toast("Rotated") },
                { label: "Archive", run: () => undefined, disabled: "only owners may" },
                "separator",
                { label: "Delete", run: () => setDeleting(true), danger: true },
              ]}
            />
          </>
        }
        filters={
          <FilterBar filters={filters} onChange={setFilters} fields={FIELDS} suggest={suggest}>
            <RangePicker state={range} />
          </FilterBar>
        }
      >
        <Tabs
          label="Components"
          value={tab}
          onChange={setTab}
          tabs={[
            { value: "table", label: "Table", count: ROWS.length, panel: <Table /> },
            { value: "charts", label: "Charts", panel: <Charts /> },
            { value: "forms", label: "Forms", panel: <Forms /> },
            { value: "parts", label: "Parts", panel: <Parts /> },
          ]}
        />
      </Page>
      <ConfirmDialog
        open={deleting}
        onClose={() => setDeleting(false)}
        title="Delete key app-1?"
        act="Delete key"
        typed="app-1"
        onConfirm={() => setDeleting(false)}
      >
        It was used 1,204 times today. Calls with it fail from now on.
      </ConfirmDialog>
    </main>
  );
}

function Table() {
  const [open, setOpen] = useOpen();
  const [sort, setSort] = useUrlState("sort", SORT);
  const row = ROWS.find((one) => one.id === open);
  return (
    <>
      <DataTable
        label="Requests"
        rows={ROWS}
        columns={COLUMNS}
        rowKey={rowKey}
        openKey={open}
        onOpen={setOpen}
        sort={parseSort(sort)}
        onSort={(next) => setSort(sortText(next))}
        empty={<EmptyState title="No requests yet">Send the first one.</EmptyState>}
      />
      <Sheet
        open={row !== undefined}
        onClose={() => setOpen(null)}
        title={row?.model}
        subtitle={row && <CopyField label="Id" value={row.id} labelled={false} />}
        footer={<Button>Replay</Button>}
      >
        <Waterfall
          label="Where the time went"
          phases={[
            { label: "Gateway", from: 0, ms: 1.8, kind: "gateway" },
            { label: "OpenAI", from: 1.8, ms: 220, kind: "failed", detail: "429" },
            { label: "Azure", from: 222, ms: 1840, kind: "served", waitMs: 410 },
          ]}
        />
        <div className="pt-6">
          <CodeTabs
            samples={chatSamples({
              baseUrl: "https://gateway.example/api/v1",
              apiKey: "$TOLLGATE_API_KEY",
              model: row?.model ?? "",
            })}
          />
        </div>
      </Sheet>
    </>
  );
}
