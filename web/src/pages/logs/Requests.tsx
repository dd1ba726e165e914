import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { LogRow } from "~/api/logs";
import { Before } from "~/components/Before";
import { DataTable } from "~/components/DataTable";
import { ErrorPanel } from "~/components/ErrorPanel";
import { whole } from "~/format";
import { type Codec, list as ids, useOpen, useUrlState } from "~/url/state";
import { Chosen } from "./Chosen";
import { columnsFor } from "./columns";
import type { useLogList } from "./list";
import { NoCalls } from "./NoCalls";
import { roomOf } from "./room";
import { LogSheet } from "./sheet/LogSheet";
import type { View } from "./view";

const DAY_MS = 86_400_000;
const idOf = (row: LogRow) => row.id;
const choiceOf = (row: LogRow) => `Choose ${row.id}`;
const CHOSEN: Codec<readonly string[]> = {
  read: ids.read,
  write: (chosen) => ids.write([...chosen]),
};

interface RequestsProps {
  view: View;
  list: ReturnType<typeof useLogList>;
  rows: readonly LogRow[];
  columns: readonly string[];
  /** How many calls match in all, as far as it was counted. */
  total: number | undefined;
  waiting: number;
  onShow: () => void;
  onTop: (top: boolean) => void;
}

/** The table of calls, and the one that is open. */
export function Requests(props: RequestsProps) {
  const { view, list, rows, columns, total = 0, waiting, onShow, onTop } = props;
  const [open, setOpen] = useOpen();
  const [chosen, setChosen] = useUrlState("pick", CHOSEN);
  const { from, to } = view.range.span;
  const dated = to.getTime() - from.getTime() > DAY_MS;
  const { model, provider, key } = useMemo(() => roomOf(rows), [rows]);
  const shown = useMemo(
    () => columnsFor(columns, dated, { model, provider, key }),
    [columns, dated, model, provider, key],
  );
  const table = useRef<HTMLDivElement>(null);
  const onNew = () => {
    table.current?.querySelector("[role=table]")?.scrollTo({ top: 0 });
    onShow();
  };
  const opened = rows.find(({ id }) => id === open);
  return (
    <div ref={table} className="relative flex min-h-0 flex-1 flex-col">
      {waiting > 0 && <NewCalls count={waiting} onShow={onNew} />}
      {list.error && rows.length === 0 ? (
        <ErrorPanel
          what="The log can't be read"
          error={list.error}
          onRetry={() => void list.refetch()}
        />
      ) : (
        <>
          <Before old={list.isPlaceholderData} paused={list.fetchStatus === "paused"}>
            <DataTable
              label="Calls"
              rows={rows}
              columns={shown}
              rowKey={idOf}
              openKey={open}
              onOpen={setOpen}
              loading={list.isPending}
              refreshing={list.isFetching}
              total={Math.max(total, rows.length)}
              onEnd={list.more}
              chosen={chosen}
              onChoose={setChosen}
              choice={choiceOf}
              onTop={onTop}
              empty={<NoCalls view={view} searching={list.hasNextPage} onMore={list.more} />}
            />
          </Before>
          {list.error && (
            <ErrorPanel
              what="Older calls can't be read"
              error={list.error}
              onRetry={() => void list.fetchNextPage()}
            />
          )}
        </>
      )}
      {chosen.length > 0 && <Chosen ids={chosen} rows={rows} onClear={() => setChosen([])} />}
      <LogSheet id={open} row={opened} onClose={() => setOpen(null)} filterBy={view.filterBy} />
    </div>
  );
}

/** Calls that came and wait: rows never move under the pointer. */
function NewCalls({ count, onShow }: { count: number; onShow: () => void }) {
  return (
    <button
      type="button"
      onClick={onShow}
      className="absolute top-9 left-1/2 z-20 h-7 -translate-x-1/2 rounded-full border border-accent bg-surface px-3 text-label font-medium text-accent shadow-float hover:bg-accent-soft pointer-coarse:h-11"
    >
      ▲ {whole(count)} new
    </button>
  );
}

const TOLD_MS = 10_000;

/** Tells those who don't see the table of new calls, at most every ten seconds. */
export function NewCallsTold({ count }: { count: number }) {
  const [told, setTold] = useState(0);
  const latest = useRef(count);
  useEffect(() => {
    latest.current = count;
  });
  const tell = useCallback(() => setTold(latest.current), []);
  useEffect(() => {
    const timer = setInterval(tell, TOLD_MS);
    return () => clearInterval(timer);
  }, [tell]);
  return (
    <span role="status" className="sr-only">
      {told > 0 && `${whole(told)} new calls`}
    </span>
  );
}
