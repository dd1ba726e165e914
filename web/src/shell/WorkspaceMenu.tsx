import { ChevronsUpDown } from "lucide-react";
import { useSession } from "~/app/session";
import { Menu, type MenuItem } from "~/components/Menu";
import { useWorkspace } from "./workspace";

/** Which workspace is looked at. It is there only where somebody has several. */
export default function WorkspaceMenu() {
  const { workspaces, everywhere } = useSession();
  const { workspace, choose } = useWorkspace();
  const all = everywhere ? "All workspaces" : "All of yours";
  const item = (label: string, slug: string | null): MenuItem => ({
    label,
    run: () => choose(slug),
    ...((workspace?.slug ?? null) === slug ? { hint: "now" } : {}),
  });
  const shown = workspace?.name ?? all;
  return (
    <Menu
      label="Workspace"
      align="start"
      items={[
        item(all, null),
        "separator",
        ...workspaces.map(({ name, slug }) => item(name, slug)),
      ]}
      trigger={
        <button
          type="button"
          title={`Workspace: ${shown}`}
          className="flex h-8 w-full min-w-0 items-center gap-1.5 rounded-md px-2 text-left hover:bg-hover pointer-coarse:h-11"
        >
          <span className="sr-only">Workspace: </span>
          <span className="truncate font-medium md:max-lg:sr-only">{shown}</span>
          <ChevronsUpDown aria-hidden className="ml-auto size-3.5 shrink-0 text-muted" />
        </button>
      }
    />
  );
}
