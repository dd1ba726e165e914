/**
 * The span of time of a page, today first: `<RangePicker state={useRange()} />`.
 *
 * `t` opens it; `[` and `]` go to the span before and after. The zone is said once, here.
 */
import { Popover } from "@base-ui/react/popover";
import { CalendarDays, ChevronLeft, ChevronRight } from "lucide-react";
import { type FormEvent, useState } from "react";
import { dateTime, zoneName } from "~/format";
import { useShortcuts } from "~/keyboard/shortcuts";
import { NAMED_RANGES, neighbour, type Range } from "~/url/range";
import type { RangeState } from "~/url/use-range";
import { Button } from "./Button";
import { classes } from "./classes";
import { CONTROL } from "./Field";
import { Tooltip } from "./Tooltip";

/** What a range is called: `Today`, or its two ends. */
export function rangeWords({ range, zone }: Pick<RangeState, "range" | "zone">): string {
  if (range.kind === "named") {
    return NAMED_RANGES.find(({ name }) => name === range.name)?.label ?? range.name;
  }
  const short = (date: Date) => dateTime(date, zone).slice(0, 16);
  return `${short(range.from)} – ${short(range.to)}`;
}

export function RangePicker({ state }: { state: RangeState }) {
  const { setRange, zone } = state;
  const [open, setOpen] = useState(false);
  const go = (direction: -1 | 1) => setRange(neighbour(state, direction, new Date()));
  const group = "Filters";
  useShortcuts([
    { keys: "t", label: "Range", group, run: () => setOpen(true) },
    { keys: "[", label: "Span before", group, run: () => go(-1) },
    { keys: "]", label: "Span after", group, run: () => go(1) },
  ]);
  const choose = (range: Range) => {
    setRange(range);
    setOpen(false);
  };
  return (
    <div className="flex items-center gap-1">
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger
          render={
            <Button icon={<CalendarDays aria-hidden className="size-4 text-muted" />}>
              {rangeWords(state)}
              <span className="font-normal text-muted">{zoneName(zone)}</span>
            </Button>
          }
        />
        <Popover.Portal>
          <Popover.Positioner align="start" sideOffset={4} className="z-50">
            <Popover.Popup
              aria-label="Range"
              className="floats w-72 rounded-md border bg-surface p-2 shadow-float"
            >
              <Choices state={state} onChoose={choose} />
            </Popover.Popup>
          </Popover.Positioner>
        </Popover.Portal>
      </Popover.Root>
      <Tooltip text="Span before">
        <Button
          variant="quiet"
          aria-label="Span before"
          onClick={() => go(-1)}
          icon={<ChevronLeft aria-hidden className="size-4" />}
        />
      </Tooltip>
      <Tooltip text="Span after">
        <Button
          variant="quiet"
          aria-label="Span after"
          onClick={() => go(1)}
          icon={<ChevronRight aria-hidden className="size-4" />}
        />
      </Tooltip>
    </div>
  );
}

function Choices({ state, onChoose }: { state: RangeState; onChoose: (range: Range) => void }) {
  const { range, span, zone } = state;
  const [problem, setProblem] = useState<string | null>(null);
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    const read = (name: string) => new Date(`${values.get(name)}${zone === "utc" ? "Z" : ""}`);
    const [from, to] = [read("from"), read("to")];
    if (from < to) onChoose({ kind: "fixed", from, to });
    else setProblem("The end has to be after the beginning.");
  };
  return (
    <>
      <ul>
        {NAMED_RANGES.map(({ name, label }) => {
          const chosen = range.kind === "named" && range.name === name;
          return (
            <li key={name}>
              <button
                type="button"
                aria-pressed={chosen}
                onClick={() => onChoose({ kind: "named", name })}
                className={classes(
                  "flex h-7 w-full items-center rounded-sm px-2 text-left hover:bg-hover pointer-coarse:h-11",
                  chosen && "bg-accent-soft font-medium",
                )}
              >
                {label}
              </button>
            </li>
          );
        })}
      </ul>
      <form onSubmit={apply} className="mt-2 flex flex-col gap-2 border-t px-2 pt-3 pb-1">
        {(["from", "to"] as const).map((end) => (
          <label key={end} className="grid grid-cols-[3rem_1fr] items-center">
            {end === "from" ? "From" : "To"}
            <input
              type="datetime-local"
              name={end}
              required
              defaultValue={dateTime(span[end], zone).slice(0, 16).replace(" ", "T")}
              className={CONTROL}
            />
          </label>
        ))}
        {problem && (
          <p role="alert" className="text-label text-bad">
            {problem}
          </p>
        )}
        <Button type="submit" className="self-end">
          Apply
        </Button>
      </form>
    </>
  );
}
