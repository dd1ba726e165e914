import { BookMarked } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Presets",
  routes: [{ path: "/presets", load: () => import("./PresetsPage") }],
  rail: { group: "use", order: 12, icon: BookMarked },
  words: "system prompt parameters versions @preset",
  allowed: (session) => may(session, "routing"),
});
