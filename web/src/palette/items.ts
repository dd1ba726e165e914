import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type Model, modelsQuery } from "~/api/catalogue";
import { keyNamesQuery } from "~/api/keys";
import { may, mayCall } from "~/api/session";
import { pathOf } from "~/app/page";
import { type Theme, useTheme } from "~/app/preferences";
import { PAGES, pagesFor } from "~/app/registry";
import { useSession } from "~/app/session";
import { useLeave } from "~/shell/use-leave";
import { searchOf } from "~/shell/workspace";
import { rank } from "./rank";

export interface PaletteItem {
  id: string;
  label: string;
  hint?: string;
  /** More text that finds it. */
  words?: string;
  run: () => void;
}

export interface PaletteGroup {
  value: string;
  items: PaletteItem[];
}

const MODELS_MAX = 8;
const KEYS_MAX = 5;
const THEMES: { value: Theme; label: string }[] = [
  { value: "light", label: "Light theme" },
  { value: "dark", label: "Dark theme" },
  { value: "system", label: "Theme of the system" },
];

/** What the palette has for a text, best first. */
export function usePaletteItems(text: string): PaletteGroup[] {
  const session = useSession();
  const navigate = useNavigate();
  const [, setTheme] = useTheme();
  const { data: models = [] } = useQuery(modelsQuery);
  const leave = useLeave();
  const seesKeys = hasPage("/keys") && (may(session, "keys") || may(session, "own_keys"));
  const { data: keys } = useQuery({
    ...keyNamesQuery(session),
    enabled: seesKeys && text.trim() !== "",
  });
  const go = (to: string, search: Record<string, string>) => void navigate({ to, search });
  const listed = pagesFor(session).filter(({ unlisted }) => !unlisted);
  // Those of the rail are used day by day.
  const inOrder = [...listed.filter(({ rail }) => rail), ...listed.filter(({ rail }) => !rail)];
  const pages = inOrder.map(
    (page): PaletteItem => ({
      id: pathOf(page),
      label: page.title,
      words: page.words ?? "",
      ...(page.letter ? { hint: `g ${page.letter}` } : {}),
      run: () => void navigate({ to: pathOf(page), search: searchOf(page) }),
    }),
  );
  const acts: PaletteItem[] = [
    ...(mayCall(session) && hasPage("/keys")
      ? [{ id: "new-key", label: "Create a key", run: () => go("/keys", { open: "new" }) }]
      : []),
    ...THEMES.map(({ value, label }) => ({
      id: `theme-${value}`,
      label,
      run: () => setTheme(value),
    })),
    { id: "leave", label: "Sign out", words: "log out leave", run: leave },
  ];
  const toKey = ([hash, name]: [string, string]): PaletteItem => ({
    id: hash,
    label: name,
    hint: `${hash.slice(0, 8)}…`,
    run: () => go("/keys", { open: hash }),
  });
  const toModel = (model: Model): PaletteItem => ({
    id: model.id,
    label: model.id,
    hint: model.name,
    words: model.name,
    run: () => void navigate({ to: `/${model.id}` }),
  });
  const groups: PaletteGroup[] = [
    {
      value: "Log",
      items: hasPage("/logs") ? generation(text, go) : [],
    },
    { value: "Batches", items: seesKeys && hasPage("/batches") ? batch(text, go) : [] },
    { value: "Pages", items: rank(pages, text) },
    {
      value: "Models",
      items:
        text === "" || !hasPage("/models")
          ? []
          : rank<PaletteItem>(models.map(toModel), text).slice(0, MODELS_MAX),
    },
    {
      value: "Keys",
      items:
        text.trim() === "" || !keys
          ? []
          : rank<PaletteItem>(Array.from(keys, toKey), text).slice(0, KEYS_MAX),
    },
    { value: "Acts", items: rank(acts, text) },
  ];
  return groups.filter((group) => group.items.length > 0);
}

const hasPage = (path: string) => PAGES.some((page) => pathOf(page) === path);

/** The row of a generation, when its id was pasted. */
function generation(
  text: string,
  go: (to: string, search: Record<string, string>) => void,
): PaletteItem[] {
  const id = text.trim();
  if (!/^gen-[\w-]{4,}$/.test(id)) return [];
  return [{ id, label: `Open ${id}`, run: () => go("/logs", { q: id, open: id }) }];
}

/** The sheet of a batch, when its id was pasted. */
function batch(
  text: string,
  go: (to: string, search: Record<string, string>) => void,
): PaletteItem[] {
  const id = text.trim();
  if (!/^batch_\w{8,}$/.test(id)) return [];
  return [{ id, label: `Open ${id}`, run: () => go("/batches", { open: id }) }];
}
