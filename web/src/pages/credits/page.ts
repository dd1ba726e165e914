import { Wallet } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Credits",
  // Without billing there are none: what providers cost is told.
  titleFor: ({ installation }) => (installation.billing ? "Credits" : "Spend"),
  routes: [{ path: "/credits", load: () => import("./CreditsPage") }],
  rail: { group: "account", order: 81, icon: Wallet },
  letter: "c",
  words: "credits spend ledger statements invoices plan billing payments top-up refund",
  allowed: (session) => may(session, "money"),
});
