import { defineStep } from "../../step";

export default defineStep({
  name: "connect",
  title: "Connect an app",
  order: 4,
  load: () => import("./ConnectStep"),
});
