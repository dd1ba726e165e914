export const PASSWORD_MIN = 12;

/** What to say about a password that is being typed; the server has the last word. */
export function strength(password: string): { enough: boolean; words: string } {
  const missing = PASSWORD_MIN - [...password].length;
  if (missing > 0) {
    return { enough: false, words: `${missing} more character${missing === 1 ? "" : "s"}` };
  }
  const different = new Set(password.toLowerCase()).size;
  if (different < 6) return { enough: true, words: "Long enough, but few different characters" };
  if ([...password].length < 16) return { enough: true, words: "Good" };
  return { enough: true, words: "Strong" };
}
