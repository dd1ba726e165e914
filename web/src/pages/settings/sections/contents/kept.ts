/** What goes when it is old, by the setting that says when, and how long it is kept without it. */
export const KEPT = [
  { what: "Records of calls", setting: "retention.generations_days", usual: "for ever" },
  { what: "What was said and answered", setting: "retention.content_days", usual: "30 days" },
  { what: "The audit log", setting: "retention.audit_days", usual: "for ever" },
  { what: "Batches that have ended", setting: "retention.batch_days", usual: "30 days" },
] as const;

/** A number of days as it is set; none is for ever. */
export function keptText(days: string): string {
  if (days === "0" || days === "") return "for ever";
  return days === "1" ? "1 day" : `${days} days`;
}
