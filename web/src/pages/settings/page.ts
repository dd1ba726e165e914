import { Settings } from "lucide-react";
import { definePage } from "~/app/page";

export default definePage({
  title: "Settings",
  routes: [
    { path: "/settings", load: () => import("./SettingsPage") },
    { path: "/settings/$section", load: () => import("./SettingsPage") },
  ],
  rail: { group: "account", order: 90, icon: Settings },
  letter: "s",
  words: "appearance theme density time zone password version about",
});
