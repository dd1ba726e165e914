import { Users } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Team",
  routes: [{ path: "/team", load: () => import("./TeamPage") }],
  rail: { group: "account", order: 82, icon: Users },
  words: "people members invitations roles permissions audit log",
  allowed: (session) => may(session, "people") || may(session, "audit"),
});
