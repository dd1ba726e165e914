/**
 * The filters of a page, in the address bar, with the grammar of `url/filters`.
 *
 *     const [filters, setFilters] = useFilters();
 *     <FilterBar filters={filters} onChange={setFilters} fields={["model", "provider"]} suggest={suggest}>
 *       <RangePicker state={range} />
 *     </FilterBar>
 *
 * Typing `model:gpt` filters by that field; other text is searched for. `suggest` gives values with
 * counts. `/` focuses the field. A click on a chip turns it round: "not".
 */
import { Autocomplete } from "@base-ui/react/autocomplete";
import { ListFilter, Search, X } from "lucide-react";
import { type ReactNode, useId, useRef, useState } from "react";
import { useNarrow } from "~/app/media";
import { useShortcuts } from "~/keyboard/shortcuts";
import {
  countTerms,
  type Filters,
  filterField,
  type Term,
  withoutTerm,
  withTerm,
} from "~/url/filters";
import { typedTerm } from "~/url/typed-term";
import { Button } from "./Button";
import { classes } from "./classes";
import { CONTROL } from "./Field";
import { type Suggestion, useSuggestions } from "./filter-suggestions";

export type { Suggest, Suggestion } from "./filter-suggestions";

export interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
  /** The fields that make sense here, the most useful first. */
  fields: readonly string[];
  /** Values of a field that begin with or hold a text. */
  suggest?: (
    field: string,
    text: string,
  ) => Promise<{ value: string; label: string; count: number }[]>;
  /** What the counts of `suggest` depend on, such as the range. */
  scope?: unknown;
  /** How people know a value by, where that is another text: a key's name for its hash. */
  labelOf?: (field: string, value: string) => string | undefined;
  /** What stands before the filters: the range. */
  children?: ReactNode;
  /** What stands at the end: Follow, Save view. */
  actions?: ReactNode;
}

export function FilterBar(props: FilterBarProps) {
  const { filters, children, actions } = props;
  const narrow = useNarrow();
  const [shown, setShown] = useState(false);
  const id = useId();
  const count = countTerms(filters);
  const folded = narrow && !shown;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        {children}
        {narrow && (
          <Button
            aria-expanded={shown}
            aria-controls={id}
            onClick={() => setShown(!shown)}
            icon={<ListFilter aria-hidden className="size-4" />}
          >
            Filters{count > 0 && ` (${count})`}
          </Button>
        )}
        <div id={id} className={classes("min-w-56 flex-1", folded && "hidden")}>
          <FilterInput {...props} />
        </div>
        {actions && <div className="ml-auto flex items-center gap-2">{actions}</div>}
      </div>
      {count > 0 && !folded && <Chips {...props} />}
    </div>
  );
}

function FilterInput({ filters, onChange, fields, suggest, scope }: FilterBarProps) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const suggestions = useSuggestions(text, fields, suggest, scope);
  useShortcuts([
    { keys: "/", label: "Filter", group: "Filters", run: () => input.current?.focus() },
  ]);
  const add = (field: string, value: string, excluded: boolean) => {
    onChange(withTerm(filters, field, value, excluded));
    setText("");
    setOpen(false);
  };
  const take = (suggestion: Suggestion) => {
    // A field's values come next, so the list stays.
    if (suggestion.value === null) setText(`${suggestion.field}:`);
    else add(suggestion.field, suggestion.value, suggestion.excluded);
  };
  const enter = () => {
    const term = typedTerm(text, fields);
    if (term.value !== "") add(term.field, term.value, term.excluded);
  };
  return (
    <Autocomplete.Root
      items={suggestions}
      filter={null}
      value={text}
      onValueChange={(next, event) => event.reason !== "item-press" && setText(next)}
      itemToStringValue={(item: Suggestion) => item.label}
      open={open}
      onOpenChange={(next, event) => event.reason !== "item-press" && setOpen(next)}
      openOnInputClick
    >
      <div className="relative">
        <Search
          aria-hidden
          className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-muted"
        />
        <Autocomplete.Input
          ref={input}
          aria-label="Filter"
          placeholder="Filter: model:… provider:… or any text"
          className={classes(CONTROL, "pl-8")}
          onKeyDown={(event) => {
            // With a suggestion highlighted Enter takes that one.
            const highlighted = event.currentTarget.getAttribute("aria-activedescendant");
            if (event.key === "Enter" && !highlighted) enter();
          }}
        />
      </div>
      <Autocomplete.Portal>
        <Autocomplete.Positioner sideOffset={4} align="start" className="z-50">
          <Autocomplete.Popup
            className={classes(
              "floats max-h-[min(22rem,var(--available-height))] w-(--anchor-width) min-w-72 overflow-y-auto rounded-md border bg-surface p-1 shadow-float",
              suggestions.length === 0 && "hidden",
            )}
          >
            <Autocomplete.List aria-label="Filters">
              {(item: Suggestion) => (
                <Autocomplete.Item
                  key={`${item.field}:${item.value}`}
                  value={item}
                  onClick={() => take(item)}
                  className="flex min-h-7 items-center gap-3 rounded-sm px-2 outline-none select-none data-[highlighted]:bg-hover pointer-coarse:min-h-11"
                >
                  <span className="truncate">{item.label}</span>
                  {item.hint && <span className="ml-auto truncate text-muted">{item.hint}</span>}
                </Autocomplete.Item>
              )}
            </Autocomplete.List>
          </Autocomplete.Popup>
        </Autocomplete.Positioner>
      </Autocomplete.Portal>
    </Autocomplete.Root>
  );
}

function Chips({ filters, onChange, labelOf }: FilterBarProps) {
  return (
    <ul aria-label="Filters in force" className="flex flex-wrap items-center gap-1.5">
      {Object.entries(filters).flatMap(([name, terms]) =>
        terms.map((term) => (
          <li key={`${name}:${term.value}`}>
            <Chip
              name={name}
              term={term}
              shown={labelOf?.(name, term.value) ?? term.value}
              onTurn={() => onChange(withTerm(filters, name, term.value, !term.excluded))}
              onRemove={() => onChange(withoutTerm(filters, name, term.value))}
            />
          </li>
        )),
      )}
      <li>
        <Button variant="quiet" size="sm" onClick={() => onChange({})}>
          Clear all
        </Button>
      </li>
    </ul>
  );
}

interface ChipProps {
  name: string;
  term: Term;
  shown: string;
  onTurn: () => void;
  onRemove: () => void;
}

function Chip({ name, term, shown, onTurn, onRemove }: ChipProps) {
  const field = filterField(name);
  const label = field?.label ?? name;
  const words = `${term.excluded ? "not " : ""}${label} ${shown}`;
  return (
    <span className="inline-flex h-6 items-center rounded-sm bg-hover text-label pointer-coarse:h-9">
      <button
        type="button"
        onClick={onTurn}
        disabled={field?.kind !== "many"}
        title={field?.kind === "many" ? "Turn round" : undefined}
        className="flex h-full min-w-0 items-center gap-1 pl-2"
      >
        {term.excluded && <span className="text-bad">not</span>}
        <span className="text-muted">{label}</span>
        <span className="max-w-64 truncate">{shown}</span>
      </button>
      <button
        type="button"
        aria-label={`Remove ${words}`}
        onClick={onRemove}
        className="grid h-full w-6 place-items-center text-muted hover:text-text pointer-coarse:w-9"
      >
        <X aria-hidden className="size-3" />
      </button>
    </span>
  );
}
