/**
 * Acts behind a button, such as those of a row:
 *
 *     <Menu label="More for app-1" items={[{ label: "Rotate", run }, "separator", { label: "Delete", run, danger: true }]} />
 *
 * Pass `trigger` for a button that looks otherwise.
 */
import { Menu as Base } from "@base-ui/react/menu";
import { Ellipsis } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { Button } from "./Button";
import { classes } from "./classes";

export interface MenuItem {
  label: string;
  run: () => void;
  icon?: ReactNode;
  /** What is shown at the right: a key, a value. */
  hint?: string;
  danger?: boolean;
  /** Why it can't be done now. */
  disabled?: string;
}

export interface MenuProps {
  label: string;
  items: readonly (MenuItem | "separator")[];
  trigger?: ReactElement<Record<string, unknown>>;
  align?: "start" | "end";
  side?: "top" | "bottom";
}

export function Menu({ label, items, trigger, align = "end", side = "bottom" }: MenuProps) {
  return (
    <Base.Root>
      <Base.Trigger
        render={
          trigger ?? (
            <Button
              variant="quiet"
              size="sm"
              aria-label={label}
              icon={<Ellipsis aria-hidden className="size-4" />}
            />
          )
        }
      />
      <Base.Portal>
        <Base.Positioner align={align} side={side} sideOffset={4} className="z-50">
          <Base.Popup className="floats min-w-44 rounded-md border bg-surface p-1 shadow-float outline-none">
            {items.map((item, index) =>
              item === "separator" ? (
                <Base.Separator key={index} className="-mx-1 my-1 h-px bg-line" />
              ) : (
                <Base.Item
                  key={item.label}
                  disabled={item.disabled !== undefined}
                  onClick={item.run}
                  className={classes(
                    "flex min-h-7 items-center gap-2 rounded-sm px-2 py-1 outline-none select-none data-[disabled]:text-faint data-[highlighted]:bg-hover pointer-coarse:min-h-11",
                    item.danger && "text-bad",
                  )}
                >
                  {item.icon}
                  {item.label}
                  {(item.disabled ?? item.hint) && (
                    <span className="ml-auto max-w-56 pl-6 text-right text-label text-muted">
                      {item.disabled ?? item.hint}
                    </span>
                  )}
                </Base.Item>
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
