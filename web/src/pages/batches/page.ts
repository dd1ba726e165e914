import { Layers } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Batches",
  routes: [{ path: "/batches", load: () => import("./BatchesPage") }],
  rail: { group: "watch", order: 22, icon: Layers },
  byWorkspace: true,
  letter: "j",
  words: "jobs async background bulk",
  // Whoever sees keys sees what was submitted with them.
  allowed: (session) => may(session, "keys") || may(session, "own_keys"),
});
