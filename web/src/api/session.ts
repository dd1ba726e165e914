import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Person = Schemas["Person"];
export type KeyRecord = Schemas["Key"];
export type Credentials = Schemas["Credentials"];
export type FirstOwner = Schemas["FirstOwner"];
export type WorkspaceName = Schemas["Session"]["workspaces"][number];
export type Area = keyof Schemas["Permissions"];

/** The session of somebody who is signed in. */
export interface SignedIn extends Omit<Schemas["Session"], "state" | "user" | "permissions"> {
  state: "signed_in";
  user: Person;
  permissions: Schemas["Permissions"];
}

/** What those are told who are not signed in. */
export interface Stranger extends Omit<Schemas["Session"], "state" | "user" | "permissions"> {
  state: "signed_out" | "setup";
}

export type Session = SignedIn | Stranger;

/** The session as the rest of the dashboard takes it: those signed in have a name and permissions. */
function known({ data }: Schemas["SessionResponse"]): Session {
  const { state, user, permissions, ...rest } = data;
  if (state === "signed_in" && user && permissions) return { ...rest, state, user, permissions };
  return { ...rest, state: state === "setup" ? "setup" : "signed_out" };
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }) => known(await answer(client.GET("/api/v1/session", { signal }))),
  staleTime: 60_000,
});

export const signIn = async (body: Credentials): Promise<Session> =>
  known(await answer(client.POST("/api/v1/session", { body })));

export const signOut = () => client.DELETE("/api/v1/session");

export const setUp = async (body: FirstOwner): Promise<Session> =>
  known(await answer(client.POST("/api/v1/setup", { body })));

export const changePassword = (body: { current: string; new: string }) =>
  client.PUT("/api/v1/session/password", { body });

/** Makes the person's own inference key, or gives it another secret, which is kept in memory only. */
export const makePlaygroundKey = () => answer(client.POST("/api/v1/session/playground-key"));

/** Whether somebody may have a key of their own, which calls from the dashboard are made with. */
export const mayCall = (session: SignedIn): boolean =>
  may(session, "own_keys", "write") || may(session, "keys", "write");

/** Whether somebody may do so much in an area. */
export function may(session: SignedIn, area: Area, level: "read" | "write" = "read"): boolean {
  const has = session.permissions[area];
  return level === "read" ? has !== "none" : has === "write";
}
