import { MessageSquare } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Playground",
  routes: [{ path: "/chat", load: () => import("./ChatPage") }],
  rail: { group: "use", order: 10, icon: MessageSquare },
  letter: "p",
  words: "chat compare prompt try",
  // Its calls are paid for by a key of one's own, which has to be made.
  allowed: (session) => may(session, "own_keys", "write") || may(session, "keys", "write"),
});
