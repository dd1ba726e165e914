import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser, type VisitOptions } from "#browser/harness";
import { bringIn } from "#browser/people";
import { startWorld, type World } from "#browser/world";

const open = openBrowser();
let world: World;
let fallen: string;
let broken: string;
const visit = (path: string, options: VisitOptions = {}) =>
  open(path, { ...options, root: world.url });

const idOf = async (query: string) =>
  (await world.api<{ data: { id: string }[] }>("GET", `/logs?${query}`)).data[0]?.id ?? "";

beforeAll(async () => {
  world = await startWorld();
  // The cheapest is drawn most of the time, and always fails.
  for (let tries = 0; tries < 30 && !fallen; tries++) {
    await world.call("acme/helper");
    fallen = await idOf("fallback=true&status=ok");
  }
  await world.call("acme/broken");
  broken = await idOf("status=error");
}, 60_000);
afterAll(() => world?.stop());

describe.each(LOOKS)("routing explained, $name", (look) => {
  it("of a call that fell back", async () => {
    const page = await visit(`/logs/${fallen}/route`, look);
    await page.getByText(/^Served by/).waitFor();
    await page
      .getByText("First failed (503)")
      .or(page.getByText(/failed \(503\)/))
      .first()
      .waitFor();
    await page.getByRole("table", { name: "Every endpoint" }).waitFor();
    await page.check();
    await page.shot(`explain-route-${look.name}`);
  });

  it("of a request that is only asked about", async () => {
    const page = await visit("/routing/explain?model=acme/helper&ignore=third", look);
    await page.getByText(/^It would go to/).waitFor();
    await page.check();
    await page.shot(`explain-dry-${look.name}`);
  });

  it("of none yet", async () => {
    const page = await visit("/routing/explain", look);
    await page.getByText("You then see which endpoints").waitFor();
    await page.check();
    await page.shot(`explain-none-${look.name}`);
  });
});

it("of a call that nobody answered", async () => {
  const page = await visit(`/logs/${broken}/route`);
  await page.getByText(/^Nobody answered/).waitFor();
  await page.check();
  await page.shot("explain-broken");
});

it("is reached from a call, by a click and by a key", async () => {
  const page = await visit(`/logs?open=${fallen}`);
  await page.getByRole("link", { name: "Every endpoint" }).click();
  await page.getByText(/^Served by/).waitFor();
  await page.goBack();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("o");
  await page.waitForURL((url) => url.pathname === `/logs/${fallen}/route`);
});

it("copies as text", async () => {
  const page = await visit(`/logs/${fallen}/route`);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy as text" }).click();
  await page.getByText("Explanation copied").waitFor({ state: "attached" });
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text).toContain(fallen);
  expect(text).toContain("second/acme/helper");
});

it("asks at once what another preference would change", async () => {
  const page = await visit("/routing/explain?model=acme/helper&order=third");
  await page.getByText(/^It would go to third/).waitFor();
  const paths: string[] = [];
  page.on("request", (request) => paths.push(new URL(request.url()).pathname));
  await page.getByRole("switch", { name: "Others may follow when the first fails" }).click();
  await page.waitForURL((url) => url.searchParams.get("fallbacks") === "false");
  await page.getByText("second/acme/helper could not serve any more.").waitFor();
  expect(paths.filter((path) => path.startsWith("/api/"))).toEqual(["/api/v1/routing/explain"]);
  await page.getByRole("button", { name: "What if not?" }).first().click();
  await page.waitForURL((url) => !url.searchParams.has("fallbacks"));
  await page.getByText("second/acme/helper could serve, too.").waitFor();
  await page.goBack();
  await page.waitForURL((url) => url.searchParams.get("fallbacks") === "false");
});

it("says why nothing is left, and what would help", async () => {
  const page = await visit("/routing/explain?model=acme/helper&deny=true", { refusals: true });
  await page.getByText("It would go nowhere").waitFor();
  await page.getByText("Second may train on prompts or keep them.").waitFor();
  await page.check();
  await page.shot("explain-nowhere");
  await page.getByRole("button", { name: "What if not?" }).first().click();
  await page.getByText(/^It would go to/).waitFor();
});

it("says that there is no such call", async () => {
  const page = await visit("/logs/gen-1-nothing/route", { refusals: true });
  await page.getByText("No such call").waitFor();
  await page.check();
});

it.each(["viewer", "billing"])(
  "says to a %s, who has no key, that it is not theirs, and leads nowhere there",
  async (role) => {
    const person = await bringIn(world.url, world.api, role);
    const page = await visit("/routing/explain?model=acme/helper", { person });
    await page.getByText("Your role doesn't include this page").waitFor();
    await page.check();
    await page.goto(`${world.url}acme/helper`);
    await page.getByRole("link", { name: "Compare" }).waitFor();
    expect(await page.getByRole("link", { name: "Try it" }).count()).toBe(0);
    await page.goto(`${world.url}logs/${fallen}/route`);
    await page.getByText(/^Served by/).waitFor();
    expect(await page.getByRole("link", { name: "Ask what would happen now" }).count()).toBe(0);
  },
);
