/** Text that a spreadsheet would run as a formula. Plain numbers, such as -3.2, are left alone. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function field(value: string | number | boolean | null | undefined): string {
  if (value == null) return "";
  let text = String(value);
  if (FORMULA.test(text) && !NUMBER.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as RFC 4180 writes them, with formulas defused. */
export function csv(
  head: string[],
  rows: (string | number | boolean | null | undefined)[][],
): string {
  return [head, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}
