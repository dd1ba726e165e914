import { useQuery } from "@tanstack/react-query";
import { apiBase } from "~/api/base";
import { modelsQuery } from "~/api/catalogue";
import type { CreatedKey } from "~/api/keys";
import { CodeTabs, chatSamples } from "~/components/CodeTabs";
import { CopyField } from "~/components/CopyField";
import { Dialog } from "~/components/Dialog";
import { SecretOnce } from "~/components/SecretOnce";

export interface NewSecret {
  hash: string;
  name: string;
  secret: string;
  /** A model that the key may call; null where it may call all. */
  model: string | null;
}

export const secretOf = ({ key, data }: CreatedKey): NewSecret => ({
  hash: data.hash,
  name: data.name,
  secret: key,
  model: data.allowed_models?.[0] ?? null,
});

/** A secret that is shown this once. It can't be left before somebody says that it is saved. */
export function SecretDialog({ made, onDone }: { made: NewSecret; onDone: () => void }) {
  const { data: models = [] } = useQuery(modelsQuery);
  const model = made.model ?? models[0]?.id ?? "openrouter/auto";
  const samples = chatSamples({ baseUrl: apiBase(), apiKey: "$TOLLGATE_API_KEY", model });
  return (
    <Dialog open held wide onClose={onDone} title={`The secret of ${made.name}`}>
      <SecretOnce label="API key" secret={made.secret} onSaved={onDone}>
        <CopyField
          label="For a shell"
          value={`export TOLLGATE_API_KEY=${made.secret}`}
          shown="export TOLLGATE_API_KEY=…"
        />
        <CodeTabs samples={samples} />
      </SecretOnce>
    </Dialog>
  );
}
