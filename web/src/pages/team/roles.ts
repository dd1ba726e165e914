import type { Role } from "~/api/organisation";
import type { Area, SignedIn } from "~/api/session";

/** Who may do more stands first. */
export const ROLES: readonly { value: Role; label: string; hint: string }[] = [
  { value: "owner", label: "Owner", hint: "everything" },
  { value: "admin", label: "Admin", hint: "everything but owners" },
  { value: "member", label: "Member", hint: "their workspaces" },
  { value: "viewer", label: "Viewer", hint: "looks at everything" },
  { value: "billing", label: "Billing", hint: "credit and statements" },
];

export const roleName = (role: Role): string =>
  ROLES.find(({ value }) => value === role)?.label ?? role;

export const AREAS: readonly { area: Area; label: string; what: string }[] = [
  { area: "keys", label: "Keys", what: "keys that call models, and what they may spend" },
  { area: "own_keys", label: "Provider keys", what: "keys of callers’ own at providers" },
  { area: "money", label: "Credit", what: "credit, plans, payments, statements" },
  { area: "usage", label: "Usage", what: "what was called and what it cost; alerts" },
  { area: "workspaces", label: "Workspaces", what: "settings, budgets, who belongs to one" },
  { area: "routing", label: "Routing", what: "rules, presets, experiments" },
  { area: "people", label: "People", what: "members and invitations" },
  { area: "audit", label: "Audit log", what: "what was done, and by whom" },
];

export type Level = "none" | "read" | "write";

const ALL: Record<Area, Level> = {
  keys: "write",
  own_keys: "write",
  money: "write",
  usage: "write",
  workspaces: "write",
  routing: "write",
  people: "write",
  audit: "write",
};
const NOTHING = Object.fromEntries(Object.keys(ALL).map((area) => [area, "none"])) as typeof ALL;
const LOOKS = Object.fromEntries(Object.keys(ALL).map((area) => [area, "read"])) as typeof ALL;

/** What each role may do, as docs/organisation.md has it; the session tells one's own. */
export const PERMISSIONS: Record<Role, Record<Area, Level>> = {
  owner: ALL,
  admin: ALL,
  viewer: LOOKS,
  member: {
    ...NOTHING,
    keys: "write",
    own_keys: "write",
    workspaces: "write",
    usage: "read",
    routing: "read",
  },
  billing: { ...NOTHING, money: "write", usage: "read", workspaces: "read" },
};

/** Areas in which nobody can change anything, whatever their role. */
export const READ_ONLY: ReadonlySet<Area> = new Set<Area>(["usage", "audit"]);

/** Whether somebody may give others this role, or take it away. */
export function mayGrant(session: SignedIn, role: Role): boolean {
  const own = session.user.access;
  return own === "owner" || (own === "admin" && role !== "owner");
}
