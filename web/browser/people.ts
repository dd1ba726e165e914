import type { Credentials } from "./harness";

type Api = <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>;

/**
 * Somebody with a role, who has accepted an invitation: `person` of a visit. `root` is the site's.
 * Members are of the default workspace. Each is somebody new: several tests share a site.
 */
export async function bringIn(root: string, api: Api, access: string): Promise<Credentials> {
  const email = `${access}-${crypto.randomUUID().slice(0, 8)}@example.org`;
  const person = { email, password: "correct horse battery" };
  const { data } = await api<{ data: { id: string; slug: string }[] }>("GET", "/workspaces");
  const workspace = data.find(({ slug }) => slug === "default");
  const { token } = await api<{ token: string }>("POST", "/organization/invitations", {
    email: person.email,
    access,
    ...(access === "member"
      ? { workspaces: [{ workspace_id: workspace?.id, role: "member" }] }
      : {}),
  });
  const accepted = await fetch(`${root}api/v1/organization/invitations/accept`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, first_name: access, password: person.password }),
  });
  if (!accepted.ok) throw new Error(`${access}: ${await accepted.text()}`);
  return person;
}
