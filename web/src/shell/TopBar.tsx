import { Menu as MenuIcon, Search } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { Logo } from "./Logo";

const PagesSheet = lazy(() => import("./PagesSheet"));

/** The bar on top of narrow windows: search, and a sheet with every page. */
export function TopBar({ onSearch }: { onSearch: () => void }) {
  const { installation } = useSession();
  const [open, setOpen] = useState(false);
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 border-b bg-sunken px-2">
      <Button
        variant="quiet"
        aria-label="Pages"
        onClick={() => setOpen(true)}
        icon={<MenuIcon aria-hidden className="size-5" />}
      />
      <Logo />
      <span className="truncate pl-1 text-read font-semibold">{installation.name}</span>
      <Button
        variant="quiet"
        className="ml-auto"
        aria-label="Search and act"
        onClick={onSearch}
        icon={<Search aria-hidden className="size-5" />}
      />
      <Suspense>{open && <PagesSheet onClose={() => setOpen(false)} />}</Suspense>
    </header>
  );
}
