import { useNavigate } from "@tanstack/react-router";
import { Menu } from "~/components/Menu";
import type { KeyActs } from "./use-key-acts";
import type { ListedKey } from "./use-listed-keys";

export interface KeyMenuProps {
  listed: ListedKey;
  acts: KeyActs;
  onAsk: (act: "rotate" | "delete") => void;
}

/** What can be done with a key, behind the dots of its row. */
export function KeyMenu({ listed: { record }, acts, onAsk }: KeyMenuProps) {
  const navigate = useNavigate();
  return (
    <Menu
      label={`More for ${record.name}`}
      items={[
        {
          label: "Edit",
          run: () =>
            void navigate({
              to: ".",
              search: (search: object) => ({ ...search, open: record.hash, edit: "true" }),
            }),
        },
        { label: "Rotate the secret", run: () => onAsk("rotate") },
        {
          label: record.disabled ? "Enable" : "Disable",
          run: () => acts.setDisabled(record, !record.disabled),
        },
        "separator",
        { label: "Delete", run: () => onAsk("delete"), danger: true },
      ]}
    />
  );
}
