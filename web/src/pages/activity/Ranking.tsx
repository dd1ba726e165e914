import type { MouseEvent } from "react";
import type { Answered, UsageRow } from "~/api/analytics";
import { type Series, Swatch } from "~/components/Chart";
import { colorOf } from "~/components/chart/series";
import { classes } from "~/components/classes";
import { type FileFormat, SaveMenu } from "~/components/SaveMenu";
import { Sparkline } from "~/components/Sparkline";
import { metricText } from "~/components/usage/metric-text";
import { groupOf, numberOf } from "~/components/usage/series";
import { change, csv, percent } from "~/format";
import { withoutTerm, withTerm } from "~/url/filters";
import { fieldOf } from "./dimensions";
import { LogLink } from "./LogLink";
import { countedBy } from "./log-link";
import { METRICS, type Shown } from "./metrics";
import { GROUPS_SHOWN } from "./questions";
import { beforeWords } from "./Strip";
import type { View } from "./view";

export interface RankingProps {
  view: View;
  /** What the groups are called. */
  title: string;
  metric: Shown;
  answered: Answered;
  now: Answered | undefined;
  before: Answered | undefined;
  /** What the chart shows, and of which groups. */
  series: readonly Series[];
  groups: readonly string[];
}

interface Ranked {
  row: UsageRow;
  group: string;
  label: string;
  value: number | null;
  /** Of the sum of all groups; null for what can't be added up. */
  share: number | null;
}

/** The groups, the largest first: the legend of the chart above, with a line's number and course. */
export function Ranking(props: RankingProps) {
  const { view, title, metric, answered } = props;
  const { isRate, short } = METRICS[metric];
  const rows = rankedRows(props);
  return (
    <div className="mt-4">
      <table
        aria-label={`${METRICS[metric].label} by ${title.toLowerCase()}`}
        className="w-full table-fixed"
      >
        <thead className="text-label text-muted">
          <tr className="border-b">
            <th scope="col" className="h-8 text-left font-normal">
              {title}
            </th>
            <th scope="col" className="w-24 text-right font-normal">
              {short}
            </th>
            {!isRate && (
              <th scope="col" className="w-32 pl-4 text-left font-normal max-md:hidden">
                Share
              </th>
            )}
            {metric !== "requests" && (
              <th scope="col" className="w-24 text-right font-normal max-md:hidden">
                Requests
              </th>
            )}
            <th scope="col" className="w-18 text-right font-normal md:w-24">
              <span title={`vs ${beforeWords(view.range.range)}`}>Change</span>
            </th>
            <th scope="col" className="w-24 pl-4 text-left font-normal max-md:hidden">
              Trend
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((ranked) => (
            <RankedRow key={ranked.group} ranked={ranked} {...props} />
          ))}
        </tbody>
      </table>
      <div className="flex items-center gap-3 pt-2 text-label text-muted">
        {canFilter(view.group) && (
          <p>A click on a name filters by it, with Alt it leaves it out.</p>
        )}
        <span className="ml-auto" />
        <SaveMenu
          label="Save the table"
          name={fileName(title, answered)}
          write={(format) => rankingFile(title, answered, rows, format)}
          text="Save"
        />
      </div>
    </div>
  );
}

const canFilter = (dimension: string) => fieldOf(dimension) !== null;

function rankedRows({ view, metric, answered }: RankingProps): Ranked[] {
  const { isRate } = METRICS[metric];
  const values = answered.rows.map((row) => numberOf(row, metric));
  // Only for the width of bars and for shares: sums of money are the server's.
  const all = values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return answered.rows.map((row, index) => {
    const group = groupOf(row, answered.question.dimensions ?? []);
    const value = values[index] ?? null;
    return {
      row,
      group,
      label: group === "other" ? "Other" : view.names.shown(view.group, group),
      value,
      share: isRate || value === null || all === 0 ? null : value / all,
    };
  });
}

function RankedRow(props: RankingProps & { ranked: Ranked }) {
  const { view, metric, ranked, series, groups } = props;
  const { group, label, row, share } = ranked;
  const place = groups.indexOf(group);
  const line = place >= 0 && place < GROUPS_SHOWN ? series[place] : undefined;
  const { isRate, format } = METRICS[metric];
  const field = fieldOf(view.group);
  const only =
    field !== null && group !== "" && group !== "other"
      ? { field, value: view.names.addressed(view.group, group) }
      : undefined;
  const choose = (event: MouseEvent) => {
    if (!only) return;
    const others = event.altKey ? view.filters : withoutTerm(view.filters, only.field);
    view.setFilters(withTerm(others, only.field, only.value, event.altKey));
  };
  const text = metricText(row[metric] ?? (isRate ? null : 0), format);
  return (
    <tr className="border-b">
      <th scope="row" className="h-8 py-1 pr-2 text-left font-normal">
        <span className="flex min-w-0 items-center gap-2">
          <Swatch color={line ? colorOf(line, place) : "other"} />
          {only ? (
            <button
              type="button"
              onClick={choose}
              title={`${label}: filter, with Alt leave out`}
              className="min-h-6 truncate rounded-sm hover:underline pointer-coarse:min-h-11"
            >
              {label}
            </button>
          ) : (
            <span className="truncate text-muted">{label}</span>
          )}
        </span>
      </th>
      <td className="text-right whitespace-nowrap">
        {only ? (
          <LogLink
            filters={countedBy(view.filters, metric)}
            span={view.period}
            only={only}
            label={`${text}: ${metric === "failed" ? "failed requests" : "requests"} of ${label} in the log`}
            className="hover:underline"
          >
            {text}
          </LogLink>
        ) : (
          text
        )}
      </td>
      {!isRate && (
        <td className="pl-4 max-md:hidden">
          <ShareBar share={share} />
        </td>
      )}
      {metric !== "requests" && (
        <td className="text-right whitespace-nowrap text-muted max-md:hidden">
          {metricText(row.requests, "number")}
        </td>
      )}
      <td className="text-right whitespace-nowrap text-muted">{changeOf(props, group)}</td>
      <td className="pl-4 max-md:hidden">
        {line && <Sparkline values={line.values} label={`Trend of ${label}`} />}
      </td>
    </tr>
  );
}

function changeOf({ now, before, metric }: RankingProps, group: string): string {
  const of = (answered: Answered | undefined) =>
    answered?.rows.find((row) => groupOf(row, answered.question.dimensions ?? []) === group);
  if (!now || !before) return change(null, null);
  const earlier = numberOf(of(before), metric);
  const value = numberOf(of(now), metric) ?? (METRICS[metric].isRate ? null : 0);
  if (earlier === null && value !== null && value > 0) return "new";
  return change(value, earlier);
}

function ShareBar({ share }: { share: number | null }) {
  return (
    <span className="flex items-center gap-2">
      <span aria-hidden className="h-1.5 w-14 shrink-0 bg-line">
        <span
          className={classes("block h-full bg-muted")}
          style={{ width: `${(share ?? 0) * 100}%` }}
        />
      </span>
      <span className="text-muted">{percent(share)}</span>
    </span>
  );
}

function fileName(title: string, { question: { time_range } }: Answered): string {
  const day = (text: string | undefined) => text?.slice(0, 13).replace(":", "") ?? "";
  const name = `tollgate-activity-${title.toLowerCase().replace(/\W+/g, "-")}`;
  return `${name}_${day(time_range?.start)}Z_${day(time_range?.end)}Z`;
}

/** The table as a file; as JSON the rows are those of the API, with what each is called. */
function rankingFile(
  title: string,
  { question }: Answered,
  rows: readonly Ranked[],
  format: FileFormat,
): string {
  const { metrics } = question;
  if (format === "csv") {
    const lines = rows.map(({ label, row }) => [label, ...metrics.map((metric) => row[metric])]);
    return csv([title, ...metrics], lines);
  }
  const data = rows.map(({ label, row }) => ({ label, ...row }));
  return `${JSON.stringify({ query: question, data }, null, 1)}\n`;
}
