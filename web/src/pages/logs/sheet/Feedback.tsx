import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  type FeedbackCategory,
  type Generation,
  generationQuery,
  giveFeedback,
} from "~/api/generation";
import { Button } from "~/components/Button";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Field, Form, TextArea } from "~/components/Field";
import { Select } from "~/components/Select";
import { Time } from "~/components/Time";

const CATEGORIES: Record<FeedbackCategory, string> = {
  incorrect_response: "Wrong answer",
  incoherence: "Incoherent",
  formatting: "Badly formatted",
  latency: "Too slow",
  api_error: "An error",
  billing: "Billing",
  other: "Something else",
};

const OPTIONS = (Object.keys(CATEGORIES) as FeedbackCategory[]).map((value) => ({
  value,
  label: CATEGORIES[value],
}));

/** What was said of the answer afterwards, and a form to say something. */
export function Feedback({ record }: { record: Generation }) {
  const [writing, setWriting] = useState(false);
  return (
    <>
      {record.feedback.length === 0 && !writing && (
        <p className="pb-2 text-muted">Nobody has said anything of this answer.</p>
      )}
      <ul>
        {record.feedback.map(({ category, comment, created_at }, index) => (
          <li key={index} className="border-b py-1.5">
            <span className="font-medium">{CATEGORIES[category]}</span>{" "}
            <span className="text-muted">
              <Time at={created_at} relative />
            </span>
            {comment && <p className="break-words">{comment}</p>}
          </li>
        ))}
      </ul>
      {writing ? (
        <FeedbackForm id={record.id} onDone={() => setWriting(false)} />
      ) : (
        <Button onClick={() => setWriting(true)} className="mt-2">
          Say what was wrong
        </Button>
      )}
    </>
  );
}

function FeedbackForm({ id, onDone }: { id: string; onDone: () => void }) {
  const queries = useQueryClient();
  const [category, setCategory] = useState<FeedbackCategory>("incorrect_response");
  const { mutate, isPending, error } = useMutation({
    mutationFn: giveFeedback,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: generationQuery(id).queryKey, exact: true });
      onDone();
    },
  });
  const send = ({ comment }: Record<string, string>) =>
    mutate({ generation_id: id, category, ...(comment ? { comment } : {}) });
  return (
    <Form label="Feedback" onSubmit={send} className="pt-2">
      <Select label="What was wrong" options={OPTIONS} value={category} onChange={setCategory} />
      <Field name="comment" label="Comment" optional>
        <TextArea rows={2} maxLength={1000} />
      </Field>
      {error && <ErrorPanel what="It was not kept" error={error} />}
      <div className="flex gap-2">
        <Button type="submit" busy={isPending}>
          Send
        </Button>
        <Button variant="quiet" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </Form>
  );
}
