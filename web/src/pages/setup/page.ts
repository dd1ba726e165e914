import { definePage } from "~/app/page";

/** No link in the rail: the gate leads here until there is an administrator. */
export default definePage({
  title: "Set-up",
  routes: [{ path: "/setup", load: () => import("./SetupRoute") }],
  words: "first run wizard start",
});
