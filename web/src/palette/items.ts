import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type Model, modelsQuery } from "~/api/catalogue";
import { pathOf } from "~/app/page";
import { type Theme, useTheme } from "~/app/preferences";
import { PAGES, pagesFor } from "~/app/registry";
import { useSession } from "~/app/session";
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
  const pages = pagesFor(session).map(
    (page): PaletteItem => ({
      id: pathOf(page),
      label: page.title,
      words: page.words ?? "",
      ...(page.letter ? { hint: `g ${page.letter}` } : {}),
      run: () => void navigate({ to: pathOf(page), search: searchOf(page) }),
    }),
  );
  const acts = THEMES.map(
    ({ value, label }): PaletteItem => ({
      id: `theme-${value}`,
      label,
      run: () => setTheme(value),
    }),
  );
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
      items: hasPage("/logs")
        ? generation(text, (to, search) => void navigate({ to, search }))
        : [],
    },
    { value: "Pages", items: rank(pages, text) },
    {
      value: "Models",
      items:
        text === "" || !hasPage("/models")
          ? []
          : rank<PaletteItem>(models.map(toModel), text).slice(0, MODELS_MAX),
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
