import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { changePassword } from "~/api/session";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors } from "~/components/Field";
import { Section } from "~/components/Page";
import { PasswordInput } from "~/components/PasswordInput";
import { useToast } from "~/components/Toast";

const PASSWORD_MIN = 12;

/** Another password for the person who is signed in. */
export default function Password() {
  const toast = useToast();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: changePassword,
    onSuccess: () => {
      setCurrent("");
      setNext("");
      toast("Password changed");
    },
  });
  const named = fieldErrors(error);
  return (
    <Section title="Password">
      <Form label="Password" errors={named} onSubmit={() => mutate({ current, new: next })}>
        <Field name="current" label="Present password">
          <PasswordInput
            autoComplete="current-password"
            required
            value={current}
            onValueChange={setCurrent}
          />
        </Field>
        <Field name="new" label="New password" hint={`At least ${PASSWORD_MIN} characters`}>
          <PasswordInput
            autoComplete="new-password"
            required
            minLength={PASSWORD_MIN}
            value={next}
            onValueChange={setNext}
          />
        </Field>
        {error && Object.keys(named).length === 0 && (
          <p role="alert" className="text-bad">
            {messageOf(error)}
          </p>
        )}
        <Button type="submit" variant="primary" busy={isPending} className="self-start">
          Change password
        </Button>
      </Form>
    </Section>
  );
}
