import { definePage } from "~/app/page";

/** No link in the rail: whoever is asked in is sent one. Strangers get it from the gate. */
export default definePage({
  title: "Invitation",
  routes: [{ path: "/invitation", load: () => import("./InvitationRoute") }],
  unlisted: true,
});
