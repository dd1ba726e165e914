import { Dialog } from "~/components/Dialog";
import { Keys } from "./Keys";
import { type Shortcut, useAllShortcuts } from "./shortcuts";

/** The sheet of keys: `?` opens it, and it has what works on this page now. */
export default function KeySheet({ onClose }: { onClose: () => void }) {
  const shortcuts = useAllShortcuts();
  const groups = new Map<string, Shortcut[]>();
  for (const shortcut of shortcuts) {
    const group = groups.get(shortcut.group) ?? [];
    if (!group.some((known) => known.keys === shortcut.keys)) group.push(shortcut);
    groups.set(shortcut.group, group);
  }
  return (
    <Dialog open onClose={onClose} title="Keys" wide>
      <div className="gap-8 md:columns-2">
        {[...groups].map(([name, members]) => (
          <section key={name} className="mb-5 break-inside-avoid">
            <h3 className="mb-1 text-label font-medium text-muted">{name}</h3>
            <dl>
              {members.map((shortcut) => (
                <div
                  key={shortcut.keys}
                  className="flex min-h-7 items-center justify-between gap-4 border-b"
                >
                  <dt>{shortcut.label}</dt>
                  <dd>
                    <Keys keys={shortcut.keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
