/** The places that settings come from, the strongest first. */
export const PLACES = [
  "A flag of the command, such as --listen",
  "A variable of the environment, such as TOLLGATE_LISTEN",
  "The configuration file, ./tollgate.toml unless another is named",
  "The default",
] as const;

interface Here {
  what: string;
  path: string;
  hint?: string;
}

/** What is kept in the database, and the page that changes it. */
export const HERE: readonly Here[] = [
  {
    what: "Keys at providers",
    path: "/providers",
    hint: "those of the file and the environment come first",
  },
  { what: "Rules of routing", path: "/routing", hint: "those of the file stand before them" },
  { what: "Keys, limits and budgets", path: "/keys" },
  { what: "Budgets of workspaces", path: "/budgets" },
  { what: "Presets", path: "/presets" },
  { what: "People and roles", path: "/team" },
  { what: "Workspaces", path: "/settings/workspaces" },
  { what: "Which contents are kept", path: "/settings/contents" },
];

/** What only the configuration file changes, by its tables. */
export const THERE = [
  { what: "Providers, models, endpoints and prices", table: "[[provider]] [[model]] [[endpoint]]" },
  { what: "How long things are kept", table: "[retention]" },
  { what: "Time-outs and sizes", table: "[limits]" },
  { what: "Limits of the operator's", table: "[[limit]]" },
  { what: "Batches", table: "[batch]" },
  { what: "Answers that are told again", table: "[cache]" },
  { what: "Address, proxies, path", table: "[server]" },
  { what: "Whether credit is counted, fees", table: "[billing]" },
  { what: "Payments and plans", table: "[payments] [[plan]]" },
  { what: "Alerts", table: "[alerts]" },
  { what: "Headers that spend is attributed by", table: "[attribution]" },
  { what: "The database", table: "[database]" },
] as const;
