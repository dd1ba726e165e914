import { useNavigate } from "@tanstack/react-router";
import { pathOf } from "~/app/page";
import { pagesFor } from "~/app/registry";
import { useSession } from "~/app/session";
import { type Shortcut, useShortcuts } from "~/keyboard/shortcuts";
import { searchOf } from "./workspace";

/** The keys that work on every page. */
export function useShellShortcuts(acts: { openPalette: () => void; openKeys: () => void }): void {
  const session = useSession();
  const navigate = useNavigate();
  const pages = pagesFor(session).flatMap((page): Shortcut[] =>
    page.letter
      ? [
          {
            keys: `g ${page.letter}`,
            label: page.title,
            group: "Go to",
            run: () => void navigate({ to: pathOf(page), search: searchOf(page) }),
          },
        ]
      : [],
  );
  useShortcuts([
    {
      keys: "mod+k",
      label: "Search and act",
      group: "Everywhere",
      run: acts.openPalette,
      whileTyping: true,
    },
    { keys: "?", label: "These keys", group: "Everywhere", run: acts.openKeys },
    ...pages,
  ]);
}
