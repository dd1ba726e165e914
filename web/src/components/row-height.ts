import { useMedia } from "~/app/media";
import { useDensity } from "~/app/preferences";

/** How high a row is: what was chosen, and at least what a finger needs. */
export function useRowHeight(): number {
  const [density] = useDensity();
  const touch = useMedia("(pointer: coarse)");
  if (touch) return 44;
  return density === "compact" ? 32 : 40;
}
