import { useCallback, useState } from "react";
import { OPTIONAL, USUAL } from "./columns";

const PLACE = "tollgate.logs.columns";

function read(): readonly string[] {
  try {
    const text = localStorage.getItem(PLACE);
    if (text === null) return USUAL;
    const ids = text.split(",");
    return OPTIONAL.map(({ id }) => id).filter((id) => ids.includes(id));
  } catch {
    // Storage is switched off.
    return USUAL;
  }
}

/** The columns that a person chose for this browser. */
export function useChosenColumns(): [readonly string[], (chosen: readonly string[]) => void] {
  const [chosen, setChosen] = useState(read);
  const choose = useCallback((next: readonly string[]) => {
    setChosen(next);
    try {
      localStorage.setItem(PLACE, next.join(","));
    } catch {
      // They hold until the page is left.
    }
  }, []);
  return [chosen, choose];
}
