import { MessageSquare } from "lucide-react";
import { mayCall } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Playground",
  routes: [{ path: "/chat", load: () => import("./ChatPage") }],
  rail: { group: "use", order: 10, icon: MessageSquare },
  letter: "p",
  words: "chat compare prompt try",
  // Its calls are paid for by a key of one's own, which has to be made.
  allowed: mayCall,
});
