import { Autocomplete } from "@base-ui/react/autocomplete";
import { Dialog } from "@base-ui/react/dialog";
import { Search } from "lucide-react";
import { type PaletteItem, usePaletteItems } from "./items";
import { useTyped } from "./use-typed";

interface CommandPaletteProps {
  /** The text of the field, which may have been typed before it was there. */
  typed: string;
  onTyped: (change: (before: string) => string) => void;
  onClose: () => void;
}

/**
 * Search, navigation and acts in one field: ⌘K or Ctrl K. Pages come from the registry, models from
 * the catalogue; the text of a generation id leads to its row in the log.
 */
export default function CommandPalette({ typed, onTyped, onClose }: CommandPaletteProps) {
  return (
    <Dialog.Root open onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="floats fixed inset-0 z-40 bg-scrim" />
        <Dialog.Popup
          aria-label="Search and act"
          data-modal
          className="floats fixed top-[12vh] left-1/2 z-40 flex max-h-[70dvh] w-[calc(100vw-2rem)] max-w-140 -translate-x-1/2 flex-col border bg-surface shadow-float"
        >
          <Field text={typed} onText={onTyped} onDone={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface FieldProps {
  text: string;
  onText: CommandPaletteProps["onTyped"];
  onDone: () => void;
}

function Field({ text, onText, onDone }: FieldProps) {
  // Until the field has the focus.
  useTyped(onText);
  const groups = usePaletteItems(text);
  const run = (item: PaletteItem) => {
    onDone();
    item.run();
  };
  return (
    <Autocomplete.Root
      open
      inline
      items={groups}
      filter={null}
      value={text}
      onValueChange={(next, event) => event.reason !== "item-press" && onText(() => next)}
      itemToStringValue={(item: PaletteItem) => item.label}
      autoHighlight="always"
      keepHighlight
    >
      <div className="flex items-center gap-3 border-b px-4">
        <Search aria-hidden className="size-4 shrink-0 text-muted" />
        <Autocomplete.Input
          aria-label="Search and act"
          data-palette
          placeholder="Pages, models, keys, acts, generation ids"
          className="h-12 w-full bg-transparent text-read outline-none"
        />
      </div>
      <div className="min-h-0 overflow-y-auto p-1.5">
        <Autocomplete.Empty>
          <p className="px-2.5 py-3 text-muted">Nothing is called that.</p>
        </Autocomplete.Empty>
        <Autocomplete.List>
          {(group: { value: string; items: PaletteItem[] }) => (
            <Autocomplete.Group key={group.value} items={group.items} className="pb-2">
              <Autocomplete.GroupLabel className="px-2.5 py-1 text-axis text-faint">
                {group.value}
              </Autocomplete.GroupLabel>
              <Autocomplete.Collection>
                {(item: PaletteItem) => (
                  <Autocomplete.Item
                    key={item.id}
                    value={item}
                    onClick={() => run(item)}
                    className="flex min-h-8 items-center gap-3 rounded-sm px-2.5 outline-none select-none data-[highlighted]:bg-hover pointer-coarse:min-h-11"
                  >
                    <span className="truncate">{item.label}</span>
                    {item.hint && (
                      <span className="ml-auto truncate pl-4 text-muted">{item.hint}</span>
                    )}
                  </Autocomplete.Item>
                )}
              </Autocomplete.Collection>
            </Autocomplete.Group>
          )}
        </Autocomplete.List>
      </div>
    </Autocomplete.Root>
  );
}
