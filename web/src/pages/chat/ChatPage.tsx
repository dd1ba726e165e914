import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { modelsQuery } from "~/api/catalogue";
import { useSession } from "~/app/session";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { Playground } from "./Playground";
import { ChatContext, chatOf } from "./use-chat";

/** Models side by side, asked with a person's own playground key. */
export default function ChatPage() {
  const session = useSession();
  const { data: list, error, isPending, refetch } = useQuery(modelsQuery);
  const models = useMemo(() => new Map((list ?? []).map((model) => [model.id, model])), [list]);
  const { store, key } = chatOf(session.user.id);
  const chat = useMemo(() => ({ store, key, models }), [store, key, models]);
  if (models.size > 0) {
    return (
      <ChatContext value={chat}>
        <Playground />
      </ChatContext>
    );
  }
  return (
    <Page title="Playground" scope="Models side by side">
      {error ? (
        <ErrorPanel what="The models can't be read" error={error} onRetry={refetch} />
      ) : isPending ? (
        <Loading label="Models" rows={3} />
      ) : (
        <EmptyState title="No model can be called yet">
          Give a provider a key, or switch the built-in models on. Up to four models then answer the
          same prompt here, side by side, each with what it took.
        </EmptyState>
      )}
    </Page>
  );
}
