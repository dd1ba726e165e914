import { describe, expect, it } from "vitest";
import { LOOKS, openBrowser, type Visit } from "#browser/harness";

const visit = openBrowser();

const MODELS = ["tollgate/prose", "tollgate/echo"];
const PROMPT = "Explain how a toll bridge makes money.";

async function ask(page: Visit, text = PROMPT): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

describe.each(LOOKS)("a blind comparison, $name", (look) => {
  it("names nobody until the best answer is chosen", async () => {
    const page = await visit(`/chat?models=${MODELS.join(",")}`, look);
    await page.getByRole("button", { name: "Blind" }).click();
    await page.waitForURL((url) => url.searchParams.get("blind") === "true");
    await ask(page);
    const ballot = page.getByRole("group", { name: "Which answer is best?" });
    await ballot.waitFor();
    const main = page.locator("#main");
    const told = async () => {
      const html = await main.evaluate((element) => element.outerHTML);
      return MODELS.filter((model) => html.includes(model));
    };
    expect(await told()).toEqual([]);
    expect(await page.locator("[data-numbers]").count()).toBe(0);
    await page.check();
    await page.shot(`chat-blind-${look.name}`);

    await ballot.getByRole("button", { name: "A is best" }).click();
    const chosen = await page.getByText(/You chose A, tollgate\//).innerText();
    expect(MODELS.some((model) => chosen.includes(model))).toBe(true);
    await page.getByRole("combobox", { name: "Model A" }).waitFor();
    await page.check();

    // Whoever reloads the page finds what was chosen.
    await page.reload();
    await page.getByText(/You chose A, tollgate\//).waitFor();

    await ask(page, "And who pays for it?");
    await ballot.waitFor();
    await page.getByText("Hidden until you have chosen.").first().waitFor();
    expect(await told()).toEqual([]);
    await ballot.getByRole("button", { name: "Neither" }).click();
    await page.getByText(/^Chosen so far: tollgate\/\w+ 1\.$/).waitFor();
    // Above the first row nothing lies half below the heads.
    await page.getByRole("region", { name: "Conversation" }).evaluate((element) => {
      element.scrollTop = 0;
    });
    await page.check();
  });
});

it("keeps no name back where there is nothing to choose from", async () => {
  const page = await visit(`/chat?models=${MODELS.join(",")}&blind=true`, { refusals: true });
  await page.route("**/chat/completions", (route) =>
    route.fulfill({
      status: 503,
      json: {
        error: { code: 503, message: "Nobody is there", error_type: "provider_unavailable" },
      },
    }),
  );
  await ask(page);
  await page.getByRole("button", { name: "Show names" }).click();
  await page.getByText("Nobody is there").first().waitFor();
  await page.getByRole("combobox", { name: "Model A" }).waitFor();
});

describe.each(LOOKS)("two answers, $name", (look) => {
  it("are shown as one, with what only one of them says", async () => {
    const page = await visit(`/chat?models=tollgate/echo,tollgate/echo`, look);
    await ask(page, "A red bridge over the river.");
    await page.getByRole("button", { name: "What differs" }).click();
    const dialog = page.getByRole("dialog", { name: "What differs" });
    await dialog.getByText("100.0 % the same").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  it("that are not the same have both in it", async () => {
    const page = await visit(`/chat?models=${MODELS.join(",")}`, look);
    await ask(page, "Explain tolls");
    await page.getByRole("button", { name: "What differs" }).click();
    const dialog = page.getByRole("dialog", { name: "What differs" });
    const both = dialog.getByRole("region", { name: "A and B" });
    await both.waitFor();
    const second = await both.evaluate((element) =>
      [...element.childNodes]
        .filter((node) => node.nodeName !== "DEL")
        .map((node) => node.textContent)
        .join(""),
    );
    expect(second).toBe("Explain tolls");
    expect(await both.locator("del").count()).toBeGreaterThan(0);
    await page.check();
    await page.shot(`chat-differs-${look.name}`);
  });
});
