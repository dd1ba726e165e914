import { queryOptions } from "@tanstack/react-query";
import { request } from "./client";
import type { components } from "./schema";

export type Person = components["schemas"]["Person"];
export type KeyRecord = components["schemas"]["Key"];

export type Level = "none" | "read" | "write";
export type Area =
  | "keys"
  | "own_keys"
  | "money"
  | "usage"
  | "workspaces"
  | "routing"
  | "audit"
  | "people";

export interface Installation {
  name: string;
  version: string;
  /** Whether credit is counted here; otherwise spend is only what providers charge. */
  billing: boolean;
}

export interface WorkspaceName {
  id: string;
  name: string;
  slug: string;
}

interface Everybody {
  setup_code_required: boolean;
  installation: Installation;
  workspaces: WorkspaceName[];
  everywhere: boolean;
}

export interface SignedIn extends Everybody {
  state: "signed_in";
  user: Person;
  permissions: Record<Area, Level>;
}

export interface NotSignedIn extends Everybody {
  state: "signed_out";
  user: null;
  permissions: null;
}

export interface NotSetUp extends Everybody {
  state: "setup";
  user: null;
  permissions: null;
}

export type Session = SignedIn | NotSignedIn | NotSetUp;

interface Data<T> {
  data: T;
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }) => (await request<Data<Session>>("/session", { signal })).data,
  staleTime: 60_000,
});

export interface Credentials {
  email: string;
  password: string;
}

export async function signIn(credentials: Credentials): Promise<Session> {
  return (await request<Data<Session>>("/session", { method: "POST", body: credentials })).data;
}

export const signOut = () => request<void>("/session", { method: "DELETE" });

export interface FirstOwner extends Credentials {
  first_name?: string;
  code?: string;
}

export async function setUp(owner: FirstOwner): Promise<Session> {
  return (await request<Data<Session>>("/setup", { method: "POST", body: owner })).data;
}

export const changePassword = (passwords: { current: string; new: string }) =>
  request<void>("/session/password", { method: "PUT", body: passwords });

export interface PlaygroundKey {
  /** The secret. It is kept in memory only. */
  key: string;
  data: KeyRecord;
}

export const makePlaygroundKey = () =>
  request<PlaygroundKey>("/session/playground-key", { method: "POST", body: {} });

/** Whether somebody may do so much in an area. */
export function may(session: Session, area: Area, level: "read" | "write" = "read"): boolean {
  const has = session.permissions?.[area] ?? "none";
  return level === "read" ? has !== "none" : has === "write";
}
