import { Sheet } from "~/components/Sheet";
import { Nav } from "./Nav";
import { PersonMenu } from "./PersonMenu";

/** Every page, over the one that is shown: the rail of narrow windows. */
export default function PagesSheet({ onClose }: { onClose: () => void }) {
  return (
    <Sheet open onClose={onClose} title="Pages" modal footer={<PersonMenu />}>
      <Nav onChoose={onClose} />
    </Sheet>
  );
}
