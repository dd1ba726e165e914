import { Chart, topSeries } from "~/components/Chart";
import { cost, duration } from "~/format";

const START = 1_795_132_800;
const TIMES = Array.from({ length: 24 }, (_, hour) => START + hour * 3600);
const MODELS = [
  "gpt-4o-mini",
  "claude-sonnet-4",
  "gemini-2.5-flash",
  "llama-3.3-70b",
  "mistral-large",
  "qwen3-32b",
  "deepseek-v3",
  "phi-4",
  "command-r",
];

const SPEND = topSeries(
  MODELS.map((label, at) => ({
    label,
    values: TIMES.map((_, hour) =>
      hour > 18 ? null : (1 + Math.sin((hour + at) / 3)) * (9 - at) * 0.11,
    ),
  })),
);

const LATENCY = (
  [
    ["p50", "solid", 400],
    ["p95", "thin", 1200],
    ["p99", "dotted", 2600],
  ] as const
).map(([label, line, ms]) => ({
  label,
  line,
  color: 1 as const,
  values: TIMES.map((_, hour) =>
    hour === 7 || hour > 18 ? null : ms * (1 + 0.2 * Math.sin(hour)),
  ),
}));

const dollars = (value: number) => cost(value);
const MARKS = [{ at: START + 9.5 * 3600, label: "Routing changed" }];

export function Charts() {
  return (
    <div className="grid gap-8 overflow-y-auto pb-8 xl:grid-cols-2">
      <Chart
        title="Spend by hour"
        summary="$38.10 today, most of it gpt-4o-mini"
        kind="bars"
        stacked
        times={TIMES}
        series={SPEND}
        format={dollars}
        sync="gallery"
        onZoom={() => undefined}
      />
      <Chart
        title="Time to first token"
        summary="p50 near 400 ms, p99 near 2.6 s"
        times={TIMES}
        series={LATENCY}
        format={duration}
        sync="gallery"
        marks={MARKS}
      />
    </div>
  );
}
