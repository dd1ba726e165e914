import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "#browser/gateway";
import { LOOKS, openBrowser, type Visit, type VisitOptions } from "#browser/harness";
import { type Simulator, startSimulator } from "#browser/simulator";
import { type Site, startSite } from "#browser/site";

const visit = openBrowser();
let simulator: Simulator;
let gateway: Gateway;
let site: Site;

beforeAll(async () => {
  simulator = await startSimulator();
  const provider = (slug: string, name: string, key: string) => `
[[provider]]
slug = "${slug}"
name = "${name}"
protocol = "openai-chat"
base_url = "${simulator.base}"
api_key = "${key}"
env = ["${slug.toUpperCase()}_API_KEY"]
`;
  const endpoint = (provider: string, upstream: string) => `
[[endpoint]]
model = "acme/answers"
provider = "${provider}"
upstream_model = "${upstream}"
price = { input = "0.10", output = "0.40" }
`;
  gateway = await startGateway({
    FIXED_API_KEY: "sk-fixed-0123456789",
    TOLLGATE_CONFIG: simulator.config(`
${provider("acme", "Acme", "env:ACME_API_KEY")}
${provider("fixed", "Fixed", "env:FIXED_API_KEY")}
${provider("failing", "Failing", "env:FIXED_API_KEY")}
[[provider]]
slug = "openai"
base_url = "${simulator.base}"
api_key = "env:OPENAI_API_KEY"
[[model]]
id = "acme/answers"
name = "Acme: Answers"
context_length = 128000
${endpoint("acme", "prose")}
${endpoint("fixed", "prose")}
${endpoint("failing", "prose+status:503")}
`),
  });
  site = await startSite(gateway, "/");
});
afterAll(async () => {
  await site.stop();
  await gateway.stop();
  await simulator.stop();
});

const open = async (path: string, options: VisitOptions = {}) => {
  const page = await visit(path, { ...options, root: site.url });
  page.setDefaultTimeout(5_000);
  return page;
};

async function api<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key ?? gateway.managementKey}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

interface Told {
  data: { endpoints: unknown[] };
}

/** The calls of the API that a page makes from now on, but for the session. */
function calls(page: Visit): string[] {
  const made: string[] = [];
  page.on("request", (request) => {
    const path = new URL(request.url()).pathname;
    if (path.includes("/api/v1/") && !path.endsWith("/session")) {
      made.push(`${request.method()} ${path.slice("/api/v1".length)}`);
    }
  });
  return made;
}

describe.each(LOOKS)("the gateway's keys, $name", (look) => {
  it("lists providers, those with a key first", async () => {
    const page = await open("/providers", look);
    const table = page.getByRole("table", { name: "Providers" });
    await table.getByText("From FIXED_API_KEY").first().waitFor();
    await page.getByText("2 of ").waitFor();
    await page.check();
    await page.shot(`providers-${look.name}`);
  });

  it("says in the sheet where a fixed key is from", async () => {
    const page = await open("/providers?open=fixed", look);
    await page.getByText("FIXED_API_KEY comes first").waitFor();
    await page.getByRole("link", { name: "acme/answers" }).waitFor();
    await page.check();
    await page.shot(`providers-fixed-${look.name}`);
  });
});

it("asks three questions for the list, and one more for a sheet", async () => {
  const page = await open("/settings/about");
  const made = calls(page);
  await page.goto(`${site.url}providers`);
  await page.getByText("2 of ").waitFor();
  await page.quiet();
  expect(made.sort()).toEqual([
    "GET /provider-keys",
    "GET /routing/health",
    "GET /routing/history",
  ]);
  made.length = 0;
  await page.getByRole("row", { name: /^Fixed/ }).click();
  await page.getByRole("link", { name: "acme/answers" }).waitFor();
  await page.quiet();
  expect(made).toEqual(["GET /models"]);
});

it("gives, replaces and removes a key", async () => {
  const page = await open("/providers?open=acme", { refusals: true });
  const field = page.getByRole("textbox", { name: "Acme key" });
  await field.fill("sk-wrong-0123456789-none");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Acme refuses this key").waitFor();
  await field.fill("sk-given-0123456789-abcdef");
  await page.getByRole("button", { name: "Save key" }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByText("sk-...def").waitFor();
  await sheet.getByText("by you").waitFor();
  await sheet.getByRole("link", { name: "acme/answers" }).waitFor();
  await page.check();
  await page.shot("providers-given");

  await page.getByRole("button", { name: "Replace key" }).click();
  await field.fill("sk-given-0123456789-second");
  await page.getByRole("button", { name: "Replace key" }).click();
  await sheet.getByText("sk-...ond").waitFor();

  await page.getByRole("button", { name: "Remove key" }).click();
  await page.getByText("1 model is served there with it").waitFor();
  await page.check();
  await page.shot("providers-remove");
  await page
    .getByRole("dialog", { name: /^Remove the key/ })
    .getByRole("button", { name: "Remove key" })
    .click();
  await field.waitFor();
});

it("shows how providers are doing", async () => {
  const { key } = await api<{ key: string }>("POST", "/keys", { name: "app" });
  const ask = (provider: string) =>
    api(
      "POST",
      "/chat/completions",
      {
        model: "acme/answers",
        messages: [{ role: "user", content: "Hello" }],
        provider: { only: [provider] },
      },
      key,
    );
  await ask("fixed");
  for (let call = 0; call < 6; call++) await ask("failing").catch(() => null);
  // What was counted is written every ten seconds.
  await expect
    .poll(() => api<Told>("GET", "/routing/history").then(({ data }) => data.endpoints.length), {
      timeout: 20_000,
    })
    .toBe(2);
  const page = await open("/providers?has=key");
  const row = (name: RegExp) => page.getByRole("row", { name });
  await row(/^Failing.*(Left alone|Open to one try|Failed just now|Uptime below)/).waitFor();
  await row(/^Fixed.*Well/).waitFor();
  const strip = page.getByRole("img", { name: /^Failing: 0\.00.% up in 24 hours, / });
  const width = (await strip.boundingBox())?.width ?? 0;
  // The quarter of an hour may have turned since.
  const told = async (back: number) => {
    await strip.hover({ position: { x: width - back, y: 5 } });
    return await page.getByText(/^0\.00.% up$/).isVisible();
  };
  await expect.poll(async () => (await told(1)) || (await told(3))).toBe(true);
  await page.check();
  await page.shot("providers-health");
  await row(/^Failing/).click();
  await page
    .getByRole("dialog")
    .getByRole("slider", { name: "All endpoints together, 24 hours, step by step" })
    .waitFor();
  await page.check();
});

it("finds providers, and says what to do for those that need more than a key", async () => {
  const page = await open("/providers?q=ollama");
  await page
    .getByRole("row", { name: /^Ollama/ })
    .first()
    .waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.check();
  await page.goto(`${site.url}providers?open=azure`);
  await page.getByText("Its address has parts that are not known").waitFor();
  await page.check();
  await page.shot("providers-azure");
  await page.goto(`${site.url}providers?q=nobody-at-all`);
  await page.getByText("No provider matches").waitFor();
  await page.check();
});

describe("own keys", () => {
  it.each(LOOKS)("teach what they are for while there are none, $name", async (look) => {
    const page = await open("/providers?tab=byok", look);
    await page.getByText("No own keys yet").waitFor();
    await page.check();
    await page.shot(`byok-empty-${look.name}`);
  });

  it("are added, bounded, moved and removed", async () => {
    await api("POST", "/byok", { provider: "openai", key: "sk-proj-0123456789abc", name: "one" });
    const page = await open("/providers?tab=byok", { refusals: true });
    await page.getByRole("button", { name: "Add key" }).click();
    await page
      .getByRole("textbox", { name: "Key", exact: false })
      .first()
      .fill("sk-proj-0123456789xyz");
    await expect
      .poll(() => page.getByRole("combobox", { name: "Provider" }).inputValue())
      .toBe("OpenAI");
    await page.getByRole("textbox", { name: "Name" }).fill("two");
    await page.getByRole("switch", { name: "Only for some models" }).click();
    await page.getByRole("combobox", { name: "Models" }).fill("gpt-4.1-nano");
    await page.getByRole("option", { name: /^openai\/gpt-4.1-nano/ }).click();
    await page.check();
    await page.shot("byok-form");
    await page.getByRole("dialog").getByRole("button", { name: "Add key" }).click();

    const prioritised = page.getByRole("region", { name: "Prioritised" });
    await prioritised.getByText("only 1 model").waitFor();
    const order = () => prioritised.getByRole("listitem").allInnerTexts();
    expect((await order()).map((text) => text.split("\n")[0])).toEqual(["one", "two"]);
    await page.getByRole("button", { name: "Move two up" }).click();
    await expect
      .poll(async () => (await order()).map((text) => text.split("\n")[0]))
      .toEqual(["two", "one"]);
    await page.getByRole("button", { name: "Make one a fallback" }).click();
    const fallback = page.getByRole("region", { name: "Fallback" });
    await fallback.getByText("one").waitFor();
    await page.check();

    await fallback.getByRole("button", { name: /^one/ }).click();
    await page.getByRole("switch", { name: "Off" }).click();
    await page.getByRole("button", { name: "Save changes" }).click();
    await fallback.getByText("Off").waitFor();
    const { data } = await api<{
      data: { name: string; disabled: boolean; is_fallback: boolean }[];
    }>("GET", "/byok");
    expect(data.find(({ name }) => name === "one")).toMatchObject({
      disabled: true,
      is_fallback: true,
    });
    await page.quiet();
  });

  it.each(LOOKS)("stand in their lanes, $name", async (look) => {
    const page = await open("/providers?tab=byok", look);
    await page.getByRole("region", { name: "Fallback" }).getByText("one").waitFor();
    await page.check();
    await page.shot(`byok-${look.name}`);
  });

  it("are removed after a question", async () => {
    const { data } = await api<{ data: { id: string; name: string }[] }>("GET", "/byok");
    const id = data.find(({ name }) => name === "two")?.id ?? "";
    const page = await open(`/providers?tab=byok&open=${id}`);
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("button", { name: "Remove key" }).click();
    await page
      .getByRole("region", { name: "Prioritised" })
      .getByText("No keys in this lane")
      .waitFor();
    await page.check();
  });
});

describe("somebody who reaches some workspaces only", () => {
  const member = { email: "grace@example.com", password: "correct horse battery" };

  it("sees own keys, and is told whose the gateway's are", async () => {
    const { data } = await api<{ data: { id: string }[] }>("GET", "/workspaces");
    const invited = await api<{ token: string }>("POST", "/organization/invitations", {
      email: member.email,
      access: "member",
      workspaces: [{ workspace_id: data[0]?.id, role: "member" }],
    });
    await fetch(`${gateway.url}/api/v1/organization/invitations/accept`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: invited.token, password: member.password }),
    });
    const page = await visit("/", { stranger: true, root: site.url });
    page.setDefaultTimeout(5_000);
    await page.getByRole("textbox", { name: "E-mail" }).fill(member.email);
    await page.getByRole("textbox", { name: "Password" }).fill(member.password);
    await page.keyboard.press("Enter");
    await page.getByRole("navigation", { name: "Pages" }).waitFor();
    const made = calls(page);
    await page.goto(`${site.url}providers`);
    await page
      .getByRole("tab", { name: "Own keys (BYOK)", selected: true })
      .or(page.getByText("Your role doesn't include this page"))
      .first()
      .waitFor();
    await page.shot("providers-member");
    await page.check();
    await page.goto(`${site.url}providers?tab=keys`);
    await page
      .getByText("These keys are for those who reach every workspace")
      .or(page.getByText("Your role doesn't include this page"))
      .first()
      .waitFor();
    await page.check();
    expect(made.filter((path) => path.includes("provider-keys"))).toEqual([]);
    await page.goto(`${site.url}acme/answers`);
    await page.getByRole("table", { name: "Providers" }).waitFor();
    await page.goto(`${site.url}status`);
    await page.getByRole("table", { name: "State by model and provider" }).waitFor();
    await page.check();
    expect(made.filter((path) => path.includes("provider-keys"))).toEqual([]);
  });
});
