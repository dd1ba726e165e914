import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { api, LOOKS, openBrowser, place, type Visit } from "#browser/harness";
import { bringIn } from "#browser/people";

const visit = openBrowser();

interface Batch {
  id: string;
  status: string;
  request_counts: { completed: number };
}

const asking = (content: unknown) => ({ messages: [{ role: "user", content }] });
const PICTURE = [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }];

/** Submits a batch, as an app does with its key. */
async function submit(key: string, contents: readonly unknown[]): Promise<Batch> {
  const response = await fetch(`${place().gateway}/api/v1/batches`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      endpoint: "/v1/chat/completions",
      model: "tollgate/prose",
      requests: contents.map((content, at) => ({ custom_id: `r-${at}`, body: asking(content) })),
    }),
  });
  if (response.status !== 202) throw new Error(await response.text());
  return (await response.json()) as Batch;
}

const until = (id: string, status: string) =>
  vi.waitFor(
    async () => expect((await api<Batch>("GET", `/batches/${id}`)).status).toBe(status),
    15_000,
  );

/** The first row of a status: a column's header may have the same word. */
const row = (page: Visit, status: string) =>
  page
    .getByRole("table", { name: "Batches" })
    .getByRole("row")
    .filter({ has: page.getByRole("cell", { name: status, exact: true }) })
    .first();

let done: Batch;
let wrong: Batch;
let key: string;
let slow: string;

beforeAll(async () => {
  ({ key } = await api<{ key: string }>("POST", "/keys", { name: "nightly" }));
  ({ key: slow } = await api<{ key: string }>("POST", "/keys", {
    name: "trickle",
    rate_limits: { requests_per_minute: 1 },
  }));
  [done, wrong] = await Promise.all([
    submit(key, ["Hello", "Two", "Three"]),
    submit(key, ["Hello", PICTURE]),
  ]);
  await Promise.all([until(done.id, "completed"), until(wrong.id, "failed")]);
});

describe.each(LOOKS)("batches, $name", (look) => {
  it("lists them with what came of them", async () => {
    const page = await visit("/batches", look);
    await row(page, "Completed").waitFor();
    await row(page, "Failed").waitFor();
    await page.check();
    await page.shot(`batches-${look.name}`);
  });

  it("shows one with its results", async () => {
    const page = await visit(`/batches?open=${done.id}`, look);
    const sheet = page.getByRole("dialog", { name: "tollgate/prose" });
    await sheet.getByText("3 requests", { exact: true }).waitFor();
    await sheet.getByRole("button", { name: "List 3 results" }).click();
    await sheet.getByText("r-2").waitFor();
    await page.check();
    await page.shot(`batches-open-${look.name}`);
  });

  it("teaches how one is made where there is none", async () => {
    const { data } = await api<{ data: { slug: string }[] }>("GET", "/workspaces");
    if (!data.some(({ slug }) => slug === "unbatched")) {
      await api("POST", "/workspaces", { name: "Unbatched", slug: "unbatched" });
    }
    const page = await visit("/batches?workspace=unbatched", look);
    await page.getByText("No batches yet").waitFor();
    await page.getByText('"endpoint": "/v1/chat/completions"').waitFor();
    await page.check();
    await page.shot(`batches-none-${look.name}`);
  });
});

it("leads from a result to its call, and downloads all of them", async () => {
  const page = await visit(`/batches?open=${done.id}`);
  const sheet = page.getByRole("dialog", { name: "tollgate/prose" });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    sheet.getByRole("link", { name: "Download results" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`${done.id}.json`);
  const file = JSON.parse(readFileSync(await download.path(), "utf8"));
  expect(file.results.map((one: { custom_id: string }) => one.custom_id)).toEqual([
    "r-0",
    "r-1",
    "r-2",
  ]);
  await sheet.getByRole("button", { name: "Show API call" }).click();
  await page.getByText(`/api/v1/batches/${done.id}`).waitFor();
  await page.keyboard.press("Escape");
  await sheet.getByRole("button", { name: "List 3 results" }).click();
  await sheet.getByRole("link", { name: "Its call" }).first().click();
  await page.waitForURL(/\/logs\?.*gen-batch-/);
  await page
    .getByRole("dialog")
    .getByText(/^gen-batch-/)
    .waitFor();
});

it("says which request a batch failed of", async () => {
  const page = await visit("/batches");
  await row(page, "Failed").click();
  await page.getByRole("alert").filter({ hasText: "No request was answered" }).waitFor();
  await page.getByRole("alert").filter({ hasText: "r-1" }).waitFor();
  await page.check();
  await page.shot("batches-failed");
});

it("cancels one that is under way, after asking, and deletes it", async () => {
  const batch = await submit(slow, ["One", "Two", "Three", "Four"]);
  await expect
    .poll(async () => (await api<Batch>("GET", `/batches/${batch.id}`)).request_counts.completed, {
      timeout: 15_000,
    })
    .toBe(1);
  const page = await visit(`/batches?open=${batch.id}`);
  const sheet = page.getByRole("dialog", { name: "tollgate/prose" });
  await sheet.getByText("1 of 4 requests").waitFor();
  await page.shot("batches-going");
  await sheet.getByRole("button", { name: "Cancel batch" }).click();
  const question = page.getByRole("dialog", { name: "Cancel this batch?" });
  await question.getByText("3 of 4 requests to tollgate/prose have no outcome yet.").waitFor();
  await page.check();
  await page.shot("batches-cancel");
  await question.getByRole("button", { name: "Cancel batch" }).click();
  // The page asks again by itself until it has ended.
  await sheet.getByText("Cancelled", { exact: true }).waitFor();
  await sheet.getByRole("button", { name: "Delete" }).click();
  await page
    .getByRole("dialog", { name: "Delete this batch?" })
    .getByRole("button", { name: "Delete batch" })
    .click();
  await page.waitForURL((url) => !url.searchParams.has("open"));
  await expect
    .poll(async () => {
      const { data } = await api<{ data: Batch[] }>("GET", "/batches?limit=100");
      return data.some(({ id }) => id === batch.id);
    })
    .toBe(false);
});

it("filters by status and keeps that in the address", async () => {
  const page = await visit("/batches");
  await page.getByRole("combobox", { name: "Status" }).click();
  await page.getByRole("option", { name: "Failed" }).click();
  await page.waitForURL(/status=failed/);
  await row(page, "Failed").waitFor();
  await expect.poll(() => row(page, "Completed").count()).toBe(0);
  await page.goto(page.url().replace("failed", "expired"));
  await page.getByText("No batch has this status").waitFor();
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await row(page, "Completed").waitFor();
});

it("is found by the palette, by its name and by an id", async () => {
  const page = await visit("/keys");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and act" }).fill("jobs");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/batches/);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and act" }).fill(done.id);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "tollgate/prose" }).waitFor();
});

it("shows all of it to viewers, and offers them no end of it", async () => {
  const person = await bringIn(place().site, api, "viewer");
  const going = await submit(slow, ["One", "Two", "Three"]);
  const page = await visit(`/batches?open=${going.id}`, { person });
  const sheet = page.getByRole("dialog", { name: "tollgate/prose" });
  await sheet.getByText("An owner or admin can cancel it").waitFor();
  expect(await sheet.getByRole("button", { name: "Cancel batch" }).count()).toBe(0);
  await api("POST", `/batches/${going.id}/cancel`);
});

it("shows members the batches of their workspaces, and none to those without one", async () => {
  const person = await bringIn(place().site, api, "member");
  const page = await visit("/batches", { person });
  await row(page, "Completed").waitFor();
  const { data } = await api<{ data: { id: string; email: string }[] }>(
    "GET",
    "/organization/members?limit=100",
  );
  const id = data.find(({ email }) => email === person.email)?.id;
  await api("POST", "/workspaces/default/members/remove", { user_ids: [id] });
  await page.reload();
  await page.getByText("You belong to no workspace").waitFor();
  await page.check();
});

it("is not for those who see no keys", async () => {
  const person = await bringIn(place().site, api, "billing");
  const page = await visit("/batches", { person });
  await page.getByText("Your role doesn't include this page").waitFor();
});

it("says in its place what failed, and what is not there", async () => {
  const page = await visit("/settings/about", { refusals: true });
  let failing = true;
  await page.route("**/api/v1/batches?*", (route) =>
    failing
      ? route.fulfill({
          status: 500,
          json: { error: { code: 500, message: "The store is busy", error_type: "server" } },
        })
      : route.continue(),
  );
  await page.goto(new URL("../batches", page.url()).href);
  await page.getByRole("alert").filter({ hasText: "The store is busy" }).waitFor();
  await page.check();
  failing = false;
  await page.getByRole("button", { name: "Retry" }).click();
  await row(page, "Completed").waitFor();
  await page.goto(`${page.url()}?open=batch_gone`);
  await page.getByText("No such batch").waitFor();
});
