import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "~/api/error";
import { sessionQuery, setUp } from "~/api/session";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors, Input } from "~/components/Field";
import { PasswordInput } from "~/components/PasswordInput";
import type { StepProps } from "../../step";
import { PASSWORD_MIN, strength } from "./strength";

/** Makes the first owner and signs them in. */
export default function AdminStep({ session, onNext }: StepProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [password, setPassword] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: setUp,
    onSuccess: (next) => {
      queries.setQueryData(sessionQuery.queryKey, next);
      onNext();
    },
  });
  const named = fieldErrors(error);
  const taken = error instanceof ApiError && error.status === 409;
  const signIn = async () => {
    await queries.invalidateQueries(sessionQuery);
    await navigate({ to: "/" });
  };
  return (
    <>
      <h1 className="mb-1 text-figure font-medium">Create your account</h1>
      <p className="mb-6 max-w-[60ch] text-read text-muted">
        You will own this installation: its keys, its money and its people. Others join later, by
        invitation.
      </p>
      <Form
        label="Create your account"
        errors={named}
        onSubmit={({ email = "", first_name, code }) =>
          mutate({
            email: email.trim(),
            password,
            ...(first_name ? { first_name: first_name.trim() } : {}),
            ...(code ? { code: code.trim() } : {}),
          })
        }
      >
        <Field name="email" label="E-mail">
          <Input type="email" autoComplete="username" required autoFocus />
        </Field>
        <Field name="first_name" label="First name" optional>
          <Input autoComplete="given-name" />
        </Field>
        <Field
          name="password"
          label="Password"
          hint={password === "" ? `At least ${PASSWORD_MIN} characters` : strength(password).words}
        >
          <PasswordInput
            autoComplete="new-password"
            required
            minLength={PASSWORD_MIN}
            value={password}
            onValueChange={setPassword}
          />
        </Field>
        {session.setup_code_required && (
          <Field
            name="code"
            label="Set-up code"
            hint="Printed in the gateway's log when it starts, so that nobody else can claim it"
          >
            <Input required autoComplete="off" spellCheck={false} className="font-mono" />
          </Field>
        )}
        {error && Object.keys(named).length === 0 && (
          <div role="alert" className="text-bad">
            {taken ? "Somebody has set this installation up already." : messageOf(error)}
          </div>
        )}
        {taken ? (
          <Button variant="primary" onClick={() => void signIn()}>
            Sign in
          </Button>
        ) : (
          <Button type="submit" variant="primary" busy={isPending} className="self-start">
            Create account
          </Button>
        )}
      </Form>
    </>
  );
}
