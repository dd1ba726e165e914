// Measures what was built, gzipped, and fails where it is too much: what a first visit loads, what
// any further part loads, and all of it, as the gateway's binary keeps it. Fonts count in the whole only.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const DIST = new URL("../dist/", import.meta.url);
const INITIAL_MAX = 190_000;
const PART_MAX = 70_000;
const WHOLE_MAX = 650_000;

const gzipped = (name) => gzipSync(readFileSync(new URL(name, DIST)), { level: 9 }).length;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

const html = readFileSync(new URL("index.html", DIST), "utf8");
const initial = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g)].map(
  ([, name]) => name,
);
const parts = readdirSync(new URL("assets/", DIST))
  .map((name) => `assets/${name}`)
  .filter((name) => /\.(js|css)$/.test(name) && !initial.includes(name))
  .map((name) => ({ name, size: gzipped(name) }))
  .sort((a, b) => b.size - a.size);
const first = initial.reduce((sum, name) => sum + gzipped(name), 0);
/** As `table.rs` of crates/dashboard keeps it: compressed only where that saves a tenth, which fonts don't. */
const kept = (name) => {
  const { size } = statSync(new URL(name, DIST));
  const compressed = gzipped(name);
  return compressed < Math.floor(size / 10) * 9 ? compressed : size;
};
const whole = readdirSync(DIST, { recursive: true })
  .filter((name) => statSync(new URL(name, DIST)).isFile())
  .reduce((sum, name) => sum + kept(name), 0);

console.log(`first visit ${kilobytes(first)} gzipped, of ${kilobytes(INITIAL_MAX)}`);
console.log(
  `largest further part ${parts[0]?.name} ${kilobytes(parts[0]?.size ?? 0)}, of ${kilobytes(PART_MAX)}`,
);
console.log(`all files as they are kept ${kilobytes(whole)}, of ${kilobytes(WHOLE_MAX)}`);
if (first > INITIAL_MAX || (parts[0]?.size ?? 0) > PART_MAX || whole > WHOLE_MAX) {
  console.error("The dashboard is too large: load more of it later, or leave something out.");
  process.exit(1);
}
