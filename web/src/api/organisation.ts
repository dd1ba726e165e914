import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Workspace = Schemas["Workspace"];
export type WorkspaceChange = Schemas["WorkspaceChange"];
export type NewWorkspace = Schemas["NewWorkspace"];
export type WorkspaceMember = Schemas["WorkspaceMember"];

/** As many as one answer holds. */
const PAGE = 100;

/** The workspaces that somebody reaches. */
export const workspacesQuery = queryOptions({
  queryKey: ["workspaces"],
  queryFn: ({ signal }) =>
    answer(client.GET("/api/v1/workspaces", { params: { query: { limit: PAGE } }, signal })),
});

/** Who belongs to a workspace, and as what. */
export const workspaceMembersQuery = (id: string) =>
  queryOptions({
    queryKey: ["workspaces", id, "members"],
    queryFn: async ({ signal }) => {
      const params = { path: { id }, query: { limit: PAGE } };
      return (await answer(client.GET("/api/v1/workspaces/{id}/members", { params, signal }))).data;
    },
  });

export type PersonRecord = Schemas["Person"];
export type Role = PersonRecord["access"];
export type Invitation = Schemas["Invitation"];
export type NewInvitation = Schemas["NewInvitation"];
export type AuditEntry = Schemas["AuditEntry"];

/** Everybody in this installation. */
export const membersQuery = queryOptions({
  queryKey: ["members"],
  queryFn: async ({ signal }) => {
    const params = { query: { limit: PAGE } };
    return answer(client.GET("/api/v1/organization/members", { params, signal }));
  },
});

/** Invitations that nobody has accepted yet. */
export const invitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: async ({ signal }) => {
    const params = { query: { limit: PAGE } };
    return answer(client.GET("/api/v1/organization/invitations", { params, signal }));
  },
});
