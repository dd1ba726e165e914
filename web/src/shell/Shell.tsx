import { useRouterState } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useCallback, useState } from "react";
import { useNarrow } from "~/app/media";
import { useTyped } from "~/palette/use-typed";
import { OfflineStrip } from "./OfflineStrip";
import { Rail } from "./Rail";
import { useShellShortcuts } from "./shell-shortcuts";
import { TopBar } from "./TopBar";

// What is not there at first is loaded when it is first opened.
const CommandPalette = lazy(() => import("~/palette/CommandPalette"));
const KeySheet = lazy(() => import("~/keyboard/KeySheet"));

/** The frame around every page: the rail at the left, or a bar on top where it is narrow. */
export function Shell({ children }: { children: ReactNode }) {
  const narrow = useNarrow();
  // The link below has to be one of the page that is shown now.
  useRouterState({ select: (state) => state.resolvedLocation?.href });
  /** What is typed in the palette; null while it is closed. */
  const [palette, setPalette] = useState<string | null>(null);
  const [keys, setKeys] = useState(false);
  const openPalette = () => setPalette((before) => before ?? "");
  const typed = useCallback(
    (change: (before: string) => string) => setPalette((before) => change(before ?? "")),
    [],
  );
  useShellShortcuts({ openPalette, openKeys: () => setKeys(true) });
  return (
    <div className="flex h-dvh flex-col md:flex-row">
      <a
        href={`${location.pathname}${location.search}#main`}
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-text px-3 py-1.5 text-bg focus:translate-y-0"
      >
        Skip to the page
      </a>
      {narrow ? <TopBar onSearch={openPalette} /> : <Rail onSearch={openPalette} />}
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <OfflineStrip />
        <main
          id="main"
          tabIndex={-1}
          className="flex min-h-0 flex-1 flex-col overflow-y-auto outline-none"
        >
          {children}
        </main>
      </div>
      <Suspense fallback={palette !== null && <Typed onTyped={typed} />}>
        {palette !== null && (
          <CommandPalette typed={palette} onTyped={typed} onClose={() => setPalette(null)} />
        )}
        {keys && <KeySheet onClose={() => setKeys(false)} />}
      </Suspense>
    </div>
  );
}

/** Keeps what is typed while the palette is on its way. */
function Typed({ onTyped }: { onTyped: Parameters<typeof useTyped>[0] }) {
  useTyped(onTyped);
  return null;
}
