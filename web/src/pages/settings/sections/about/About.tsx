import { apiBase } from "~/api/base";
import { useSession } from "~/app/session";
import { CopyField } from "~/components/CopyField";
import { Facts } from "~/components/Facts";
import { Section } from "~/components/Page";

/** What this installation is, and where clients reach it. */
export default function About() {
  const { installation, user, everywhere, workspaces } = useSession();
  return (
    <Section title="About">
      <Facts
        facts={[
          ["Installation", installation.name],
          ["Version", `Tollgate ${installation.version}`],
          [
            "Base URL for clients",
            <CopyField key="base" label="Base URL" value={apiBase()} labelled={false} />,
          ],
          [
            "API",
            <a key="api" className="text-accent underline" href={`${apiBase()}/openapi.json`}>
              OpenAPI document
            </a>,
          ],
          [
            "Billing",
            installation.billing ? "Credit is counted here" : "Off: spend is what providers charge",
          ],
          ["You", `${user.email}, ${user.access}`],
          [
            "You reach",
            everywhere
              ? "Every workspace"
              : workspaces.map((one) => one.name).join(", ") || "No workspace yet",
          ],
          ["Licence", "Apache-2.0. Fonts: IBM Plex, under the SIL Open Font License"],
        ]}
      />
    </Section>
  );
}
