import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { ApiError } from "~/api/error";
import { type Stranger, sessionQuery } from "~/api/session";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors, Input } from "~/components/Field";
import { PasswordInput } from "~/components/PasswordInput";
import { Logo } from "~/shell/Logo";
import type { Search } from "~/url/state";

const PASSWORD_MIN = 12;

interface Acceptance {
  token: string;
  password: string;
  first_name?: string;
  last_name?: string;
}

/** Somebody who was asked in chooses a password, and is signed in by that. */
export default function Invitation({ session }: { session: Stranger }) {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [token, setToken] = useState(search.token ?? "");
  const [password, setPassword] = useState("");
  const accept = useMutation({
    mutationFn: (body: Acceptance) =>
      answer(client.POST("/api/v1/organization/invitations/accept", { body })),
    onSuccess: async () => {
      // The token has done its work: it need not stay in the address.
      await navigate({ to: "/", search: {}, replace: true });
      await queries.invalidateQueries(sessionQuery);
    },
  });
  const named = fieldErrors(accept.error);
  const member = accept.error instanceof ApiError && accept.error.status === 409;
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-92 flex-col justify-center p-6 pb-[15vh]">
      <title>Invitation · Tollgate</title>
      <div className="mb-8 flex items-center gap-2">
        <Logo />
        <span className="text-read font-semibold">{session.installation.name}</span>
      </div>
      <h1 className="mb-1 text-figure font-medium">Accept the invitation</h1>
      <p className="mb-5 text-read text-muted">
        Choose a password: you sign in with it and the address that was invited.
      </p>
      <Form
        label="Accept the invitation"
        errors={named}
        onSubmit={({ first_name = "", last_name = "" }) =>
          accept.mutate({
            token: token.trim(),
            password,
            ...(first_name.trim() ? { first_name: first_name.trim() } : {}),
            ...(last_name.trim() ? { last_name: last_name.trim() } : {}),
          })
        }
      >
        {!search.token && (
          <Field name="token" label="Invitation" hint="What you were sent; it begins with invite-">
            <Input
              required
              autoComplete="off"
              spellCheck={false}
              className="font-mono"
              value={token}
              onValueChange={setToken}
            />
          </Field>
        )}
        <div className="grid grid-cols-2 gap-3">
          <Field name="first_name" label="First name" optional>
            <Input autoComplete="given-name" autoFocus />
          </Field>
          <Field name="last_name" label="Last name" optional>
            <Input autoComplete="family-name" />
          </Field>
        </div>
        <Field name="password" label="Password" hint={`At least ${PASSWORD_MIN} characters`}>
          <PasswordInput
            autoComplete="new-password"
            required
            minLength={PASSWORD_MIN}
            value={password}
            onValueChange={setPassword}
          />
        </Field>
        {accept.error && Object.keys(named).filter((name) => name !== "email").length === 0 && (
          <p role="alert" className="text-bad">
            {member
              ? "Whoever this invitation is for is a member already. Sign in instead."
              : messageOf(accept.error)}
          </p>
        )}
        <Button type="submit" variant="primary" busy={accept.isPending}>
          Join {session.installation.name}
        </Button>
      </Form>
      <p className="mt-8 text-label text-muted">
        Have an account?{" "}
        <button
          type="button"
          className="min-h-6 text-accent underline"
          onClick={() => void navigate({ to: "/", search: {} })}
        >
          Sign in
        </button>
      </p>
    </main>
  );
}
