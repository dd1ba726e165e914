import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gateway, startGateway } from "#browser/gateway";
import { LOOKS, openBrowser } from "#browser/harness";
import { type Site, startSite } from "#browser/site";

const SERVES = process.env.TOLLGATE_SERVES === "1";
const visit = openBrowser();
let gateway: Gateway;
let site: Site | null;

// Nobody has called anything there.
beforeAll(async () => {
  gateway = await startGateway();
  site = SERVES ? null : await startSite(gateway, "/");
});
afterAll(async () => {
  await site?.stop();
  await gateway.stop();
});

const root = () => site?.url ?? `${gateway.url}/`;

it.each(LOOKS)("teaches until the first call, $name", async (look) => {
  const page = await visit("/", { ...look, root: root() });
  await page.getByText("Waiting for the first call…").waitFor();
  const steps = await page.getByRole("list", { name: "Set-up" }).getByRole("listitem").count();
  expect(steps).toBe(4);
  expect(await page.getByRole("tabpanel").innerText()).toContain(
    `${root()}api/v1/chat/completions`,
  );
  await page.check();
  await page.shot(`activity-first-${look.name}`);
});

it("becomes the page as soon as somebody calls", async () => {
  const page = await visit("/activity", { root: root() });
  await page.getByText("Waiting for the first call…").waitFor();
  const call = (path: string, key: string, body: object) =>
    fetch(`${gateway.url}/api/v1${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    }).then((response) => response.json() as Promise<{ key: string }>);
  const { key } = await call("/keys", gateway.managementKey, { name: "first" });
  await call("/chat/completions", key, {
    model: "tollgate/echo",
    messages: [{ role: "user", content: "Hello" }],
  });
  await page.getByRole("table", { name: "Spend by model" }).waitFor();
});
