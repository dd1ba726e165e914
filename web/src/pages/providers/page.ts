import { Plug } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Providers",
  routes: [{ path: "/providers", load: () => import("./ProvidersPage") }],
  rail: { group: "account", order: 80, icon: Plug },
  words: "keys byok own",
  allowed: (session) => may(session, "own_keys"),
});
