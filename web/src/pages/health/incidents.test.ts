import { expect, it } from "vitest";
import type { Incident } from "~/api/endpoint-history";
import { incidentLength, incidentLogs, incidentTime, incidentWords } from "./incidents";

const FROM = "2026-11-20T12:15:00.000Z";
const UNTIL = "2026-11-21T12:15:00.000Z";

const incident = (more: Partial<Incident> = {}): Incident => ({
  endpoint_id: "acme/acme/small",
  model_id: "acme/small",
  provider_name: "Acme",
  began_at: "2026-11-20T18:00:00.000Z",
  ended_at: "2026-11-20T18:45:00.000Z",
  failed: 31,
  of: 40,
  failures: { timeout: 1, overloaded: 30 },
  ...more,
});

it("says when an incident was, and whether it goes on", () => {
  const time = (more: Partial<Incident>) => incidentTime(incident(more), FROM, "utc");
  expect(time({})).toBe("2026-11-20 18:00 – 18:45");
  expect(time({ ended_at: "2026-11-21T00:15:00.000Z" })).toBe(
    "2026-11-20 18:00 – 2026-11-21 00:15",
  );
  expect(time({ ended_at: null })).toBe("since 2026-11-20 18:00");
  expect(time({ began_at: FROM })).toBe("2026-11-20 12:15 or before – 18:45");
  expect(incidentLength(incident())).toBe("45 min");
  expect(incidentLength(incident({ ended_at: "2026-11-21T00:00:00.000Z" }))).toBe("6 h");
  expect(incidentLength(incident({ ended_at: null }))).toBeNull();
});

it("says how much failed, and how", () => {
  expect(incidentWords(incident())).toBe("31 of 40 failed: 30 overloaded, 1 timed out");
});

it("leads to the calls that failed meanwhile", () => {
  expect(incidentLogs(incident(), UNTIL)).toEqual({
    model: "acme/small",
    provider: "acme",
    status: "error",
    range: "2026-11-20T18:00:00.000Z..2026-11-20T18:45:00.000Z",
  });
  const gone = incident({ endpoint_id: "acme/acme/old@priority", model_id: null, ended_at: null });
  expect(incidentLogs(gone, UNTIL)).toMatchObject({
    model: "acme/old",
    range: `2026-11-20T18:00:00.000Z..${UNTIL}`,
  });
});
