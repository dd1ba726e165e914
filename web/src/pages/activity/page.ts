import { Activity } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Activity",
  routes: [{ path: "/activity", load: () => import("./ActivityPage") }],
  rail: { group: "watch", order: 20, icon: Activity },
  byWorkspace: true,
  letter: "a",
  words: "usage spend cost analytics charts explore",
  allowed: (session) => may(session, "usage"),
});
