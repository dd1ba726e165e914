import { Boxes } from "lucide-react";
import { definePage } from "~/app/page";

/**
 * A model's name may have several slashes, so the rest of the path is all of it. `/compare/…` of
 * OpenRouter comes there, too, and goes on to what is compared here.
 */
export default definePage({
  title: "Models",
  routes: [
    { path: "/models", load: () => import("./ModelsPage") },
    { path: "/$author/$", load: () => import("./detail/ModelPage") },
  ],
  rail: { group: "use", order: 11, icon: Boxes },
  letter: "m",
  words: "catalogue prices compare",
});
