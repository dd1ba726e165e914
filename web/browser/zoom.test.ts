/** Every page at 200 %: half as wide for what is shown twice as large. Nothing may scroll sideways. */
import { beforeAll, describe, expect, it } from "vitest";
import { api, complete, openBrowser, place } from "./harness";

const visit = openBrowser();
const LARGE = { width: 640, height: 400, once: true } as const;

beforeAll(async () => {
  const { key } = await api<{ key: string }>("POST", "/keys", {
    name: "a-key-whose-name-is-rather-long-for-the-room-that-there-is",
    limit: 20,
    limit_reset: "monthly",
  });
  await complete(key, "tollgate/prose");
  await complete(key, "tollgate/absent");
  await fetch(`${place().gateway}/api/v1/batches`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      endpoint: "/v1/chat/completions",
      model: "tollgate/prose",
      requests: [{ custom_id: "a", body: { messages: [{ role: "user", content: "Hello" }] } }],
    }),
  });
});

const PAGES = [
  "/chat",
  "/models",
  "/models?compare=tollgate/prose,tollgate/echo",
  ...["providers", "performance", "usage", "parameters", "code", "json"].map(
    (tab) => `/tollgate/prose?tab=${tab}`,
  ),
  "/presets",
  ...["overview", "trends", "explore"].map((tab) => `/activity?tab=${tab}`),
  "/logs",
  "/logs?tab=errors",
  "/batches",
  "/status",
  "/keys",
  "/keys?open=new",
  "/keys?tab=management",
  "/budgets",
  "/routing",
  "/routing/explain",
  "/providers",
  "/providers?tab=byok",
  "/credits",
  ...["members", "invitations", "permissions", "audit"].map((tab) => `/team?tab=${tab}`),
  ...["about", "appearance", "password", "sessions", "workspaces", "contents", "configuration"].map(
    (section) => `/settings/${section}`,
  ),
];

describe("at 200 %", () => {
  it.each(PAGES)("%s", async (path) => {
    const page = await visit(path, LARGE);
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setDeviceMetricsOverride", {
      width: LARGE.width,
      height: LARGE.height,
      deviceScaleFactor: 2,
      mobile: false,
    });
    await page.quiet();
    expect(await page.evaluate(() => devicePixelRatio)).toBe(2);
    await page.check();
    await page.shot(`zoom${path.replace(/\W+/g, "-")}`);
  });
});
