/** The month of an instant as statements name it, `2026-11`. */
export const monthOf = (date: Date): string => date.toISOString().slice(0, "2026-11".length);

/** So many months later, or earlier. */
export function monthsFrom(month: string, months: number): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return monthOf(new Date(Date.UTC(year, number - 1 + months, 1)));
}

const NAMES = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** `November 2026`. */
export function monthName(month: string): string {
  const [year, number] = month.split("-");
  return `${NAMES[Number(number) - 1] ?? number} ${year}`;
}

/** Reads a month from the address; anything else is the present one. */
export const monthCodec = (now: Date) => ({
  read: (text: string | undefined) =>
    text && /^\d{4}-(0[1-9]|1[0-2])$/.test(text) ? text : monthOf(now),
  write: (month: string) => (month === monthOf(now) ? undefined : month),
});
