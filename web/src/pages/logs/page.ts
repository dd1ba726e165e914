import { ScrollText } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Logs",
  routes: [{ path: "/logs", load: () => import("./LogsPage") }],
  rail: { group: "watch", order: 21, icon: ScrollText },
  byWorkspace: true,
  letter: "l",
  words: "requests calls generations errors export",
  allowed: (session) => may(session, "usage"),
});
