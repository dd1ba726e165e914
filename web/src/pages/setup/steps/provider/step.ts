import { defineStep } from "../../step";

export default defineStep({
  name: "provider",
  title: "Provider",
  order: 2,
  load: () => import("./ProviderStep"),
});
