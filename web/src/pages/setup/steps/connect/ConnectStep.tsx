import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { apiBase } from "~/api/base";
import { modelsQuery } from "~/api/catalogue";
import { answer, client } from "~/api/client";
import { Button } from "~/components/Button";
import { CodeTabs } from "~/components/CodeTabs";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Field, Form, Input } from "~/components/Field";
import { SecretOnce } from "~/components/SecretOnce";
import { Status } from "~/components/Status";
import type { StepProps } from "../../step";
import { cheapest } from "../try/cheapest";
import { useFirstCall } from "./first-call";
import { connectSamples } from "./samples";

const createKey = (name: string) => answer(client.POST("/api/v1/keys", { body: { name } }));

/** A first key, and how an app uses it. */
export default function ConnectStep({ onNext }: StepProps) {
  const { mutate, data: created, isPending, error } = useMutation({ mutationFn: createKey });
  return (
    <>
      <h1 className="mb-1 text-figure font-medium">Connect an app</h1>
      <p className="mb-6 text-read text-muted">
        An app needs a base URL and a key. Whatever speaks to OpenAI or Anthropic works.
      </p>
      {created ? (
        <Created secret={created.key} hash={created.data.hash} onNext={onNext} />
      ) : (
        <Form label="First key" onSubmit={({ name }) => mutate(name || "first-app")}>
          <Field name="name" label="Name of the key" hint="Usually that of the app">
            <Input required defaultValue="first-app" autoComplete="off" />
          </Field>
          {error && <ErrorPanel what="The key was not created" error={error} />}
          <Button type="submit" variant="primary" busy={isPending} className="self-start">
            Create key
          </Button>
        </Form>
      )}
    </>
  );
}

function Created({ secret, hash, onNext }: { secret: string; hash: string; onNext: () => void }) {
  const { data: models = [] } = useQuery(modelsQuery);
  const [baseUrl, setBaseUrl] = useState(apiBase());
  const call = useFirstCall(hash);
  const model = cheapest(models)?.id ?? "tollgate/echo";
  return (
    <SecretOnce label="API key" secret={secret} onSaved={onNext} act="Go to the dashboard">
      <Field
        name="base"
        label="Base URL"
        hint="Change it if apps reach the gateway by another name"
      >
        <Input
          value={baseUrl}
          onValueChange={setBaseUrl}
          className="font-mono"
          spellCheck={false}
        />
      </Field>
      <CodeTabs samples={connectSamples({ baseUrl, apiKey: secret, model })} />
      <div role="status">
        {call ? (
          <Status tone="good">
            The first call came.{" "}
            <Link to="/logs" search={{ open: call.id }} className="text-accent underline">
              Look at it
            </Link>
          </Status>
        ) : (
          <Status tone="idle">Waiting for the first call…</Status>
        )}
      </div>
    </SecretOnce>
  );
}
