/** What stands where nothing is known. Never a zero. */
export const UNKNOWN = "–";

/** Between a number and its unit: narrow, and no line breaks there. */
export const NARROW = "\u202f";

export type Maybe<T> = T | null | undefined;
