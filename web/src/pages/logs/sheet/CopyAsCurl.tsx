import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError } from "~/api/error";
import { contentQuery, type Generation } from "~/api/generation";
import { Button } from "~/components/Button";
import { useCopy } from "~/components/clipboard";
import { useToast } from "~/components/Toast";
import { callAsCurl } from "./curl";

/** Copies the call as a line for a shell, with what was said where it is kept. */
export function CopyAsCurl({ record }: { record: Generation }) {
  const queries = useQueryClient();
  const [, copy] = useCopy();
  const toast = useToast();
  const { mutate, isPending } = useMutation({
    mutationFn: async () => {
      try {
        return await queries.fetchQuery({ ...contentQuery(record.id), retry: false });
      } catch (error) {
        // Not kept, or not for this person: the call is copied without it.
        if (error instanceof ApiError && (error.status === 403 || error.status === 404))
          return null;
        throw error;
      }
    },
    onSuccess: (content) => {
      copy(callAsCurl(record, content));
      toast(content ? "Copied" : "Copied without its words: they are not kept");
    },
    onError: () => {
      copy(callAsCurl(record, null));
      toast("Copied without its words: they can't be read");
    },
  });
  return (
    <Button onClick={() => mutate()} busy={isPending}>
      Copy as curl
    </Button>
  );
}
