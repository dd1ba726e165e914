/** What the lines of a statement are called, for people. */
const WORDS: Record<string, string> = {
  purchases: "Credit bought or added",
  promotional: "Credit given",
  adjustments: "Adjustments",
  transfers: "Transfers",
  refunds: "Refunds",
  expired: "Credit that expired",
  usage: "Calls",
  usage_returned: "Calls that were paid back",
  commitment: "Missing of the plan’s commitment",
  corrections: "Corrections of months before",
  fees: "Fees",
  fees_returned: "Fees that went back",
  metered: "Calls that needed no credit",
  metered_corrections: "The same, of months before",
};

export const lineName = (name: string): string => WORDS[name] ?? name.replaceAll("_", " ");
