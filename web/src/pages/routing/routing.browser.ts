import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { LOOKS, openBrowser } from "#browser/harness";
import { type OwnGateway, startOwnGateway } from "#browser/own-gateway";

const visit = openBrowser();
let own: OwnGateway;
interface Stored {
  data: { version: number; rules: { name: string }[] };
}

const RULES = [
  {
    name: "which one is liked",
    description: "Agreed in November.",
    // biome-ignore lint/suspicious/noThenProperty: that is what a rule's actions are called
    then: {
      split: {
        by: "call",
        arms: [
          { name: "echo", weight: 50, models: ["tollgate/echo"] },
          { name: "prose", weight: 50, models: ["tollgate/prose"] },
        ],
      },
    },
  },
];

beforeAll(async () => {
  own = await startOwnGateway("");
  await own.api("PUT", "/routing/policy", { rules: RULES, note: "the first" });
  const { key } = await own.api<{ key: string }>("POST", "/keys", { name: "app-1" });
  // Calls are drawn, and their records come a moment later.
  const arms = async () => JSON.stringify(await own.api("GET", "/routing/experiments"));
  await vi.waitFor(
    async () => {
      await (await own.complete(key, "tollgate/echo")).json();
      expect(await arms()).toContain('"prose"');
    },
    { timeout: 20_000, interval: 100 },
  );
});
afterAll(() => own?.stop());

it.each(LOOKS)("shows rules, versions and experiments, $name", async (look) => {
  const page = await visit("/routing", { ...look, root: own.root });
  await page.getByRole("list", { name: "Rules" }).getByText("which one is liked").waitFor();
  await page.check();
  await page.shot(`routing-${look.name}`);
  await page.getByRole("tab", { name: "Experiments" }).click();
  await page
    .getByRole("table", { name: "Arms of which one is liked" })
    .getByText("prose")
    .waitFor();
  await page.check();
  await page.shot(`routing-experiments-${look.name}`);
});

it("tells every mistake, saves a version and restores the one before", async () => {
  const page = await visit("/routing", { root: own.root, refusals: true });
  await page.getByRole("button", { name: "Edit rules" }).click();
  const editor = page.getByRole("textbox", { name: "Rules" });
  await editor.fill("[{");
  await page.getByRole("button", { name: "Save rules", disabled: true }).waitFor();
  await editor.fill('[{"name": "cheap", "then": {"modles": ["tollgate/echo"]}}]');
  await page.getByRole("button", { name: "Save rules" }).click();
  await page.getByRole("alert").getByText("did you mean `models`?").waitFor();
  await page.check();
  await page.shot("routing-edit");
  await editor.fill('[{"name": "cheap", "then": {"models": ["tollgate/echo"]}}]');
  await page.getByRole("textbox", { name: "Note" }).fill("cheaper");
  await page.getByRole("button", { name: "Save rules" }).click();
  await page.getByRole("list", { name: "Rules" }).getByText("cheap").first().waitFor();
  const stored = () => own.api<Stored>("GET", "/routing/policy");
  expect((await stored()).data.rules.map(({ name }) => name)).toEqual(["cheap"]);

  await page.getByRole("tab", { name: "Versions" }).click();
  await page.getByRole("table").getByText("the first").click();
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByText("version 1, restored").waitFor();
  expect((await stored()).data).toMatchObject({ version: 3, rules: [{ name: RULES[0]?.name }] });
});

it("says when somebody else was faster", async () => {
  const page = await visit("/routing", { root: own.root, refusals: true });
  await page.getByRole("button", { name: "Edit rules" }).click();
  await own.api("PUT", "/routing/policy", { rules: RULES, note: "faster" });
  await page.getByRole("button", { name: "Save rules" }).click();
  await page.getByText("Somebody else has saved rules meanwhile").waitFor();
});
