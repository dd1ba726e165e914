import { KeyRound } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Keys",
  routes: [{ path: "/keys", load: () => import("./KeysPage") }],
  rail: { group: "control", order: 30, icon: KeyRound },
  byWorkspace: true,
  letter: "k",
  words: "secret limit rotate",
  allowed: (session) => may(session, "keys") || may(session, "own_keys"),
});
