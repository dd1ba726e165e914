import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser, PERSON } from "#browser/harness";
import { type OwnGateway, startOwnGateway } from "#browser/own-gateway";

/** An app that is called back: it shows what it was told. */
let app: Server;
let callback: string;
let own: OwnGateway;

const visit = openBrowser();

beforeAll(async () => {
  app = createServer((_, answer) => {
    answer.writeHead(200, { "content-type": "text/html" });
    answer.end('<link rel="icon" href="data:,"><h1>The app</h1>');
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  callback = `http://127.0.0.1:${(app.address() as AddressInfo).port}/cb?state=a%20b`;
  own = await startOwnGateway("");
  await own.api("POST", "/workspaces", { name: "Research", slug: "research" });
});
afterAll(async () => {
  await own?.stop();
  app?.close();
});

const auth = (query: Record<string, string>) => `/auth?${new URLSearchParams(query)}`;

function secrets() {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  return { verifier, query: { code_challenge: challenge, code_challenge_method: "S256" } };
}

interface Exchanged {
  key: string;
  user_id: string;
}

async function exchange(code: string | null, verifier?: string): Promise<Exchanged> {
  const response = await fetch(`${own.gateway.url}/api/v1/auth/keys`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code, ...(verifier ? { code_verifier: verifier } : {}) }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Exchanged;
}

describe.each(LOOKS)("an app that asks for a key, $name", (look) => {
  it("is described", async () => {
    const asked = { callback_url: "https://app.example/cb", key_label: "Notes", limit: "5" };
    const more = { usage_limit_type: "monthly", expires_at: "2099-01-31T00:00:00Z" };
    const page = await visit(auth({ ...asked, ...more }), { ...look, root: own.root });
    await page.getByRole("heading", { name: "app.example asks for a key" }).waitFor();
    await page.getByText("Notes").waitFor();
    await page.getByText("2099-01-31").waitFor();
    await page.check();
    await page.shot(`auth-${look.name}`);
  });

  it("gives a code to carry where it is not called back", async () => {
    const { query, verifier } = secrets();
    const page = await visit(auth({ ...query, key_label: "CLI" }), { ...look, root: own.root });
    await page.getByText("give the code to nobody else").waitFor();
    await page.check();
    await page.shot(`auth-carried-${look.name}`);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "Your code" }).waitFor();
    await page.check();
    await page.shot(`auth-code-${look.name}`);
    const { key } = await exchange(await page.locator("code").innerText(), verifier);
    expect((await own.complete(key, "tollgate/echo")).status).toBe(200);
  });

  it("is refused where it can't be called back, and says why", async () => {
    const page = await visit(auth({ callback_url: "http://app.example/cb" }), {
      ...look,
      root: own.root,
    });
    await page.getByRole("heading", { name: "This link can't be used" }).waitFor();
    await page.getByText("http://app.example/cb", { exact: true }).waitFor();
    expect(await page.getByRole("button").count()).toBe(0);
    await page.check();
    await page.shot(`auth-refused-${look.name}`);
  });
});

it("has a stranger sign in, lower the limit and approve; the app's key calls a model", async () => {
  const { query, verifier } = secrets();
  const wanted = { callback_url: callback, key_label: "Notes", limit: "5", ...query };
  await visit("/", { root: own.root });
  const page = await visit(auth(wanted), { root: own.root, stranger: true });
  await page.getByLabel("E-mail").fill(PERSON.email);
  await page.getByLabel("Password", { exact: true }).fill(PERSON.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: /^127\.0\.0\.1:\d+ asks for a key$/ }).waitFor();
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual(wanted);
  await page.getByText(PERSON.email).waitFor();

  await page.getByLabel("Limit in US dollars").fill("50");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("At most 5, as the app asks").waitFor();
  await page.getByLabel("Limit in US dollars").fill("2.5");
  await page.getByRole("combobox", { name: "Workspace" }).click();
  await page.getByRole("option", { name: "Research" }).click();
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("heading", { name: "The app" }).waitFor();

  const back = new URL(page.url());
  expect(back.href.startsWith(`${callback}&code=auth-`)).toBe(true);
  const made = await exchange(back.searchParams.get("code"), verifier);
  const answered = await own.complete(made.key, "tollgate/echo");
  expect(answered.status).toBe(200);
  const workspaces = await own.api<{ data: { id: string; slug: string }[] }>("GET", "/workspaces");
  const research = workspaces.data.find(({ slug }) => slug === "research")?.id ?? "";
  const { data } = await own.api<{ data: Record<string, unknown>[] }>(
    "GET",
    `/keys?workspace_id=${research}`,
  );
  expect(data).toEqual([
    expect.objectContaining({ name: "Notes", limit: 2.5, creator_user_id: made.user_id }),
  ]);
});

it("tells the app that it was denied, below a prefix too", async () => {
  const page = await visit(auth({ callback_url: callback }), { prefixed: true });
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByRole("heading", { name: "The app" }).waitFor();
  expect(page.url()).toBe(`${callback}&error=access_denied`);
});

it("leads to the dashboard where nobody is called back and it is denied", async () => {
  const page = await visit(auth(secrets().query), { root: own.root });
  await page.getByRole("button", { name: "Deny" }).click();
  await page.waitForURL(`${own.root}activity*`);
});

it("needs a challenge where nobody is called back", async () => {
  const page = await visit("/auth?key_label=CLI", { root: own.root });
  await page.getByText("code_challenge").waitFor();
  await page.check();
});

it("shows what the gateway says of anything else", async () => {
  const wrong = { callback_url: callback, expires_at: "2020-01-01T00:00:00Z" };
  const page = await visit(auth(wrong), { root: own.root, refusals: true });
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("2020-01-01T00:00:00Z has passed already").waitFor();
});

it("is for those who may make keys", async () => {
  const invited = await own.api<{ token: string }>("POST", "/organization/invitations", {
    email: "vera@example.com",
    access: "viewer",
  });
  const body = { token: invited.token, password: PERSON.password };
  await own.api("POST", "/organization/invitations/accept", body);
  const page = await visit(auth({ callback_url: callback }), { root: own.root });
  await page.getByRole("button", { name: "Use another account" }).click();
  await page.getByLabel("E-mail").fill("vera@example.com");
  await page.getByLabel("Password", { exact: true }).fill(PERSON.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Your role, viewer, can't give it one.").waitFor();
  expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(0);
  await page.check();
});
