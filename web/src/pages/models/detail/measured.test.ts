import { expect, it } from "vitest";
import { courseOf, endpointName, ofTag, spanOfWindow, windowOf } from "./measured";

const NOW = new Date("2026-11-23T13:47:10Z");

it("looks back by whole hours, and by whole days over a month", () => {
  expect(spanOfWindow(windowOf("24h"), NOW).from.toISOString()).toBe("2026-11-22T13:00:00.000Z");
  expect(spanOfWindow(windowOf("7d"), NOW).from.toISOString()).toBe("2026-11-16T13:00:00.000Z");
  expect(spanOfWindow(windowOf("30d"), NOW).from.toISOString()).toBe("2026-10-24T00:00:00.000Z");
  expect(courseOf("acme/helper", windowOf("30d"), NOW)).toMatchObject({
    granularity: "day",
    filters: [{ field: "model", operator: "eq", value: "acme/helper" }],
  });
});

it("stays within the rows that an answer has", () => {
  for (const name of ["24h", "7d", "30d"] as const) {
    const { length, step } = windowOf(name);
    const rows = (length / (step === "hour" ? 3_600_000 : 86_400_000) + 1) * 5;
    expect(rows).toBeLessThanOrEqual(1_000);
  }
});

it("names endpoints by their provider", () => {
  const nameOf = (slug: string) => (slug === "acme" ? "Acme" : undefined);
  const name = (id: string) => endpointName(id, "acme/helper", nameOf);
  expect(name("acme/acme/helper")).toBe("Acme");
  expect(name("acme/acme/helper#priority")).toBe("Acme (priority)");
  expect(name("other/acme/helper")).toBe("other");
  expect(name("acme/another/name")).toBe("Acme (another/name)");
  expect(name("")).toBe("No provider answered");
});

it("finds the endpoint of a tag among those of its model", () => {
  const ids = [
    "acme/acme/helper#7b2f",
    "acme/acme/helper@priority",
    "acme/acme/helper",
    "acme-two/acme/helper",
  ].map((endpoint_id) => ({ endpoint_id }));
  expect(ofTag("acme", ids)?.endpoint_id).toBe("acme/acme/helper");
  expect(ofTag("acme/priority", ids)?.endpoint_id).toBe("acme/acme/helper@priority");
  expect(ofTag("acme-two", ids)?.endpoint_id).toBe("acme-two/acme/helper");
  expect(ofTag("acme/flex", ids)).toBeUndefined();
});
