import { expect, it } from "vitest";
import type { Batch, BatchStatus } from "~/api/batches";
import { countWords, shareDone, toneOf } from "./words";

const batch = (status: BatchStatus, total: number, completed: number, failed: number): Batch =>
  ({ status, request_counts: { total, completed, failed } }) as Batch;

it.each([
  [batch("in_progress", 400, 117, 3), "120 of 400 requests, 3 failed", "idle", 0.3],
  [batch("completed", 1, 1, 0), "1 request", "good", 1],
  [batch("completed", 1200, 1100, 100), "1,200 requests, 100 failed", "warn", 1],
  [batch("completed", 2, 0, 2), "2 requests, 2 failed", "bad", 1],
  [batch("failed", 2, 0, 0), "0 of 2 requests", "bad", 0],
  [batch("validating", 0, 0, 0), "0 requests", "idle", 0],
] as const)(
  "says how far a batch has come, and whether that is well",
  (one, words, tone, share) => {
    expect(countWords(one)).toBe(words);
    expect(toneOf(one)).toBe(tone);
    expect(shareDone(one)).toBe(share);
  },
);
