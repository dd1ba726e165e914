import { createContext, useContext } from "react";
import type { SignedIn } from "~/api/session";

export const SessionContext = createContext<SignedIn | null>(null);

/** Who is signed in, and what they may do. Everything inside the shell has it. */
export function useSession(): SignedIn {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession is for what is inside the shell");
  return session;
}
