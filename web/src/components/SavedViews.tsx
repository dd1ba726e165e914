/**
 * What an address shows, kept under a name in this browser, and as a link for others.
 *
 *     <SavedViews page="logs" />
 *
 * Everything that a view is made of is in the address: `url/saved-views` says what of it is kept.
 */
import { Popover } from "@base-ui/react/popover";
import { Link } from "@tanstack/react-router";
import { Bookmark, BookmarkCheck, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { NAME_MAX, sameView, useSavedViews, viewOf } from "~/url/saved-views";
import { stringifySearch } from "~/url/search";
import { type Search, useSearchParams } from "~/url/state";
import { Button } from "./Button";
import { CopyButton } from "./CopyField";
import { CONTROL } from "./Field";

export function SavedViews({ page }: { page: string }) {
  const [search] = useSearchParams();
  const { views, save, forget } = useSavedViews(page);
  const [open, setOpen] = useState(false);
  const current = views.find((view) => sameView(view.search, search));
  const Icon = current ? BookmarkCheck : Bookmark;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        render={
          <Button variant="quiet" icon={<Icon aria-hidden className="size-4" />}>
            {current ? (
              <span className="max-w-40 truncate text-text">{current.name}</span>
            ) : (
              "Views"
            )}
          </Button>
        }
      />
      <Popover.Portal>
        <Popover.Positioner align="end" sideOffset={4} className="z-50">
          <Popover.Popup
            aria-label="Saved views"
            className="floats max-h-(--available-height) w-72 overflow-y-auto rounded-md border bg-surface p-1 shadow-float"
          >
            {views.length > 0 && (
              <ul aria-label="Saved views" className="-mx-1 mb-1 border-b px-1 pb-1">
                {views.map((view) => (
                  <li key={view.name} className="flex items-center rounded-sm hover:bg-hover">
                    <Link
                      to="."
                      search={view.search}
                      onClick={() => setOpen(false)}
                      aria-current={view === current || undefined}
                      className="flex min-h-7 min-w-0 flex-1 items-center px-2 aria-[current=true]:font-medium aria-[current=true]:text-accent pointer-coarse:min-h-11"
                    >
                      <span className="truncate">{view.name}</span>
                    </Link>
                    <Button
                      variant="quiet"
                      size="sm"
                      aria-label={`Forget ${view.name}`}
                      onClick={() => forget(view.name)}
                      icon={<X aria-hidden className="size-3.5" />}
                    />
                  </li>
                ))}
              </ul>
            )}
            <SaveForm search={search} onSave={save} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface SaveFormProps {
  search: Search;
  onSave: (name: string, search: Search) => void;
}

function SaveForm({ search, onSave }: SaveFormProps) {
  const [name, setName] = useState("");
  const id = useId();
  const link = `${location.origin}${location.pathname}${stringifySearch(viewOf(search))}`;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave(name, search);
    setName("");
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-1.5 p-2">
      <label htmlFor={id} className="text-label text-muted">
        Save what is shown as
      </label>
      <div className="flex items-center gap-1.5">
        <input
          id={id}
          value={name}
          maxLength={NAME_MAX}
          onChange={(event) => setName(event.target.value)}
          className={CONTROL}
          autoComplete="off"
        />
        <Button type="submit" disabled={name.trim() === ""}>
          Save
        </Button>
      </div>
      <div className="flex items-center justify-between gap-2 text-label text-muted">
        <span>It stays in this browser.</span>
        <CopyButton label="Link to this view" value={link} text="Copy link" />
      </div>
    </form>
  );
}
