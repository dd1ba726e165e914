import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "#browser/gateway";
import { LOOKS, openBrowser, PERSON, type Visit } from "#browser/harness";
import { type Simulator, startSimulator } from "#browser/simulator";
import { type Site, startSite } from "#browser/site";

const visit = openBrowser();
let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.stop());

/** Acme has no key yet; OpenAI's, which the configuration sends to the simulator, neither. */
const config = () => `
[[provider]]
slug = "acme"
name = "Acme"
protocol = "openai-chat"
base_url = "${simulator.base}"
api_key = "env:ACME_API_KEY"
env = ["ACME_API_KEY"]
[[provider]]
slug = "openai"
base_url = "${simulator.base}"
api_key = "env:OPENAI_API_KEY"
[[model]]
id = "acme/answers"
name = "Acme: Answers"
context_length = 128000
[[endpoint]]
model = "acme/answers"
provider = "acme"
upstream_model = "prose"
price = { input = "0.10", output = "0.40" }
[[model]]
id = "acme/dear"
context_length = 128000
[[endpoint]]
model = "acme/dear"
provider = "acme"
upstream_model = "prose"
price = { input = "10", output = "40" }
`;

async function onGateway(
  environment: Record<string, string>,
  run: (root: string) => Promise<void>,
): Promise<void> {
  const gateway: Gateway = await startGateway({
    TOLLGATE_CONFIG: simulator.config(config()),
    ...environment,
  });
  const site: Site = await startSite(gateway, "/");
  try {
    await run(site.url);
  } finally {
    await site.stop();
    await gateway.stop();
  }
}

/** What is on the clipboard, put into the field that has the focus. */
const paste = (page: Visit, text: string) =>
  page.evaluate((copied) => {
    const field = document.activeElement as HTMLInputElement;
    const data = new DataTransfer();
    data.setData("text", copied);
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
    field.dispatchEvent(event);
    document.execCommand("insertText", false, copied);
  }, text);

const createAccount = async (page: Visit) => {
  await page.getByRole("textbox", { name: "E-mail" }).fill(PERSON.email);
  await page.getByRole("textbox", { name: "Password" }).fill(PERSON.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Connect a provider" }).waitFor();
};

describe.each(LOOKS)("the set-up with a provider, $name", (look) => {
  it("tries a key that is pasted, keeps it, and asks that provider's cheapest model", () =>
    onGateway({}, async (root) => {
      const page = await visit("/", { ...look, stranger: true, root, refusals: true });
      await createAccount(page);
      await page.getByText("No key at hand?").waitFor();
      await page.check();
      await page.shot(`setup-provider-search-${look.name}`);

      const search = page.getByRole("searchbox");
      await search.fill("acm");
      await page.getByRole("button", { name: /^Acme/ }).waitFor();
      await page.keyboard.press("Enter");
      await page.getByRole("textbox", { name: "Acme key" }).waitFor();
      const tests: string[] = [];
      page.on("request", (request) => {
        if (request.url().includes("/provider-keys")) {
          tests.push(`${request.method()} ${new URL(request.url()).pathname.slice(8)}`);
        }
      });
      await paste(page, "sk-wrong-0123456789-none");
      await page.getByText("Acme refuses this key").waitFor();
      expect(tests).toEqual(["POST provider-keys/acme/test"]);
      await page.check();
      await page.shot(`setup-provider-refused-${look.name}`);

      await page.getByRole("textbox", { name: "Acme key" }).press("ControlOrMeta+a");
      await paste(page, "sk-given-0123456789-abcdef");
      await page.getByText(/^Works, 2 models/).waitFor();
      await page.check();
      await page.shot(`setup-provider-works-${look.name}`);
      await page.getByRole("button", { name: "Save key" }).click();
      await page.getByRole("region", { name: "Ready" }).getByText("sk-...def").waitFor();
      expect(tests.filter((call) => !call.startsWith("GET"))).toEqual([
        "POST provider-keys/acme/test",
        "POST provider-keys/acme/test",
        "PUT provider-keys/acme",
      ]);
      await page.check();
      await page.shot(`setup-provider-ready-${look.name}`);

      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("heading", { name: "Ask something" }).waitFor();
      const model = page.getByRole("combobox", { name: "Model" });
      await expect.poll(() => model.inputValue()).toBe("acme/answers");
      await page.getByRole("button", { name: "Ask", exact: true }).click();
      await page.getByText(/^Served by Acme/).waitFor();
      await page.check();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByRole("heading", { name: "Connect an app" }).waitFor();
    }));
});

it("knows whose key is pasted into the search, and says what is ready from the environment", () =>
  onGateway({ ACME_API_KEY: "sk-environment-0123456789" }, async (root) => {
    const page = await visit("/", { stranger: true, root, refusals: true });
    await createAccount(page);
    const ready = page.getByRole("region", { name: "Ready" });
    await ready.getByText("From ACME_API_KEY").waitFor();
    await page.shot("setup-provider-environment");
    await page.getByRole("searchbox").focus();
    await paste(page, "sk-proj-0123456789abcdef");
    await page.getByText(/^Works, 63 models/).waitFor();
    expect(page.url()).toContain("provider=openai");
    expect(page.url()).not.toContain("sk-proj");
    await page.getByRole("button", { name: "Save key" }).click();
    await ready.getByText("OpenAI").waitFor();
    await page.check();
    await page.getByRole("searchbox").focus();
    await paste(page, "sk-proj-0123456789abcdef");
    await page.getByText("which has one already").waitFor();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Ask something" }).waitFor();
  }));

it("says how a server of one's own is named to the gateway", () =>
  onGateway({}, async (root) => {
    const page = await visit("/", { stranger: true, root, refusals: true });
    await createAccount(page);
    const search = page.getByRole("searchbox");
    await search.fill("vllm");
    await page.getByText('slug = "vllm"').waitFor();
    await page.check();
    await page.shot("setup-provider-own");
    await search.fill("no such thing");
    await page.getByText('protocol = "openai-chat"').waitFor();
  }));

it("can be skipped: a model inside the gateway answers", () =>
  onGateway({}, async (root) => {
    const page = await visit("/", { stranger: true, root, refusals: true });
    await createAccount(page);
    await page.getByRole("button", { name: "Skip this step" }).click();
    await page.getByText("a simulated model inside the gateway answers").waitFor();
  }));
