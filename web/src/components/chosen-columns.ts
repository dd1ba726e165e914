import { useCallback, useState } from "react";

export interface Choosable {
  /** Where the choice is kept, such as `logs`. */
  place: string;
  /** The columns that can be chosen, in the order of the table. */
  optional: readonly { id: string; header: string }[];
  /** Those that are there unless others are chosen. */
  usual: readonly string[];
}

function read({ place, optional, usual }: Choosable): readonly string[] {
  try {
    const text = localStorage.getItem(`tollgate.${place}.columns`);
    if (text === null) return usual;
    const ids = text.split(",");
    return optional.map(({ id }) => id).filter((id) => ids.includes(id));
  } catch {
    // Storage is switched off.
    return usual;
  }
}

/** The columns that a person chose for this browser. Keep `choosable` outside the component. */
export function useChosenColumns(
  choosable: Choosable,
): [readonly string[], (chosen: readonly string[]) => void] {
  const [chosen, setChosen] = useState(() => read(choosable));
  const { place } = choosable;
  const choose = useCallback(
    (next: readonly string[]) => {
      setChosen(next);
      try {
        localStorage.setItem(`tollgate.${place}.columns`, next.join(","));
      } catch {
        // They hold until the page is left.
      }
    },
    [place],
  );
  return [chosen, choose];
}
