import { CircleUser, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { type Theme, useTheme } from "~/app/preferences";
import { useSession } from "~/app/session";
import { Menu, type MenuItem } from "~/components/Menu";
import { useLeave } from "./use-leave";

const THEMES: { value: Theme; label: string; icon: typeof Sun }[] = [
  { value: "system", label: "Follow the system", icon: Monitor },
  { value: "light", label: "Light", icon: Sun },
  { value: "dark", label: "Dark", icon: Moon },
];

/** Who is signed in, the theme, and the way out. */
export function PersonMenu() {
  const { user } = useSession();
  const [theme, setTheme] = useTheme();
  const leave = useLeave();
  const themes = THEMES.map(
    ({ value, label, icon: Icon }): MenuItem => ({
      label,
      run: () => setTheme(value),
      icon: <Icon aria-hidden className="size-4 text-muted" />,
      ...(theme === value ? { hint: "now" } : {}),
    }),
  );
  const name = user.first_name ?? user.email;
  return (
    <Menu
      label="You"
      align="start"
      side="top"
      items={[
        ...themes,
        "separator",
        {
          label: "Sign out",
          run: leave,
          icon: <LogOut aria-hidden className="size-4 text-muted" />,
        },
      ]}
      trigger={
        <button
          type="button"
          title={user.email}
          className="flex h-8 w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover pointer-coarse:h-11"
        >
          <CircleUser aria-hidden className="size-4 shrink-0 text-muted" strokeWidth={1.75} />
          <span className="truncate max-lg:sr-only max-md:not-sr-only">{name}</span>
        </button>
      }
    />
  );
}
