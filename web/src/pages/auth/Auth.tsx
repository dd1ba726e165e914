import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { answer, client } from "~/api/client";
import { may, type SignedIn, signOut } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { CopyButton } from "~/components/CopyField";
import { messageOf } from "~/components/ErrorPanel";
import { Facts } from "~/components/Facts";
import { Field, Form, fieldErrors, Input } from "~/components/Field";
import { Select } from "~/components/Select";
import { Time } from "~/components/Time";
import { Logo } from "~/shell/Logo";
import type { Search } from "~/url/state";
import { type Asked, askedIn, backTo, problemOf, type Unusable } from "./asked";

const RESETS: Record<string, string> = {
  "": "in all",
  daily: "a day",
  weekly: "a week",
  monthly: "a month",
};

/** An app asks somebody who is signed in for a key: they approve, or they don't. */
export default function Auth() {
  const session = useSession();
  const search: Search = useSearch({ strict: false });
  const [code, setCode] = useState("");
  const asked = askedIn(search);
  if (typeof asked === "string") return <Refused why={asked} callback={search.callback_url} />;
  if (code) return <Carried code={code} />;
  const who = asked.callback?.host ?? "An app";
  return (
    <Frame title={`${who} asks for a key`}>
      {!may(session, "keys", "write") || session.workspaces.length === 0 ? (
        <p className="text-read text-muted">
          {session.workspaces.length === 0
            ? "You belong to no workspace yet, so you can't give it one."
            : `Your role, ${session.user.access}, can't give it one.`}{" "}
          Ask an owner or admin.
        </p>
      ) : (
        <Consent asked={asked} session={session} onCode={setCode} />
      )}
      <Account email={session.user.email} asked={asked} />
    </Frame>
  );
}

function Frame({ title, children }: { title: string; children: ReactNode }) {
  const { installation } = useSession();
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-92 flex-col justify-center p-6 pb-[15vh]">
      <title>{`${title} · Tollgate`}</title>
      <div className="mb-8 flex items-center gap-2">
        <Logo />
        <span className="text-read font-semibold">{installation.name}</span>
      </div>
      <h1 className="mb-1 text-figure font-medium wrap-anywhere">{title}</h1>
      {children}
    </main>
  );
}

interface ConsentProps {
  asked: Asked;
  session: SignedIn;
  /** Takes the code that somebody carries to the app. */
  onCode: (code: string) => void;
}

function Consent({ asked, session, onCode }: ConsentProps) {
  const { workspaces } = session;
  const named = workspaces.find(
    ({ id, slug }) => asked.workspace === id || asked.workspace === slug,
  );
  const [workspace, setWorkspace] = useState((named ?? workspaces[0])?.id ?? "");
  const [limit, setLimit] = useState(asked.limit);
  const [reset, setReset] = useState(asked.reset);
  const [tried, setTried] = useState(false);
  const problem = problemOf(limit, asked.limit);
  const approve = useMutation({
    mutationFn: async () => {
      const body = bodyOf(asked, workspace, limit, reset);
      const { data } = await answer(client.POST("/api/v1/session/auth-code", { body }));
      if (!asked.callback) return onCode(data.id);
      location.replace(backTo(asked.callback, "code", data.id));
      // Until the page has gone.
      return new Promise<void>(() => {});
    },
  });
  const refused = fieldErrors(approve.error);
  const shown = ["limit", "workspace_id"].some((name) => name in refused);
  return (
    <>
      <p className="mb-3 text-read text-muted">
        It can then call models, which the workspace pays for. Change or delete the key under Keys
        at any time.
        {!asked.callback &&
          " You will be shown a code: approve only if an app that you trust has just sent you here, and give the code to nobody else."}
      </p>
      <Facts
        facts={[
          ["Key", asked.label],
          workspaces.length > 1 ? null : ["Workspace", workspaces[0]?.name],
          ["Ends", asked.expires ? <Time key="at" at={asked.expires} /> : "never"],
        ]}
      />
      <Form
        label="Give the app a key"
        errors={refused}
        className="mt-4"
        onSubmit={() => {
          setTried(true);
          if (!problem) approve.mutate();
        }}
      >
        {workspaces.length > 1 && (
          <Field
            name="workspace_id"
            label="Workspace"
            {...(asked.workspace && !named
              ? { hint: "The app asks for another one, which isn't yours." }
              : {})}
          >
            <Select
              value={workspace}
              onChange={setWorkspace}
              options={workspaces.map(({ id, name }) => ({ value: id, label: name }))}
            />
          </Field>
        )}
        <div className="grid grid-cols-2 items-start gap-3">
          <Field
            name="limit"
            label="Limit in US dollars"
            {...(tried && problem ? { error: problem } : {})}
          >
            <Input
              inputMode="decimal"
              autoComplete="off"
              placeholder="none"
              value={limit}
              onValueChange={(text) => setLimit(text.trim())}
            />
          </Field>
          <Field
            name="usage_limit_type"
            label="It holds"
            {...(asked.limit !== "" || asked.reset !== ""
              ? { hint: "As the app asks" }
              : limit === ""
                ? { hint: "Needs a limit" }
                : {})}
          >
            <Select
              value={reset}
              onChange={setReset}
              disabled={limit === "" || asked.limit !== "" || asked.reset !== ""}
              options={Object.entries({ [asked.reset]: asked.reset, ...RESETS }).map(
                ([value, label]) => ({ value, label }),
              )}
            />
          </Field>
        </div>
        {approve.error && !shown && (
          <p role="alert" className="text-bad">
            {messageOf(approve.error)}
          </p>
        )}
        <Button type="submit" variant="primary" busy={approve.isPending}>
          Approve
        </Button>
      </Form>
    </>
  );
}

function bodyOf(asked: Asked, workspace: string, limit: string, reset: string) {
  return {
    key_label: asked.label,
    workspace_id: workspace,
    ...(asked.callback ? { callback_url: asked.callback.href } : {}),
    ...(asked.challenge ? { code_challenge: asked.challenge } : {}),
    // The gateway knows which there are.
    ...(asked.method ? { code_challenge_method: asked.method as "S256" } : {}),
    ...(asked.expires ? { expires_at: asked.expires } : {}),
    ...(limit ? { limit: Number(limit) } : {}),
    ...(reset ? { usage_limit_type: reset as "daily" } : {}),
  };
}

/** The way back without a key, and who is asked. */
function Account({ email, asked }: { email: string; asked: Asked }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: () => queries.resetQueries({ queryKey: ["session"] }),
  });
  const deny = () => {
    if (asked.callback) location.replace(backTo(asked.callback, "error", "access_denied"));
    else void navigate({ to: "/", search: {} });
  };
  return (
    <>
      <Button className="mt-3" onClick={deny}>
        Deny
      </Button>
      <p className="mt-8 text-label text-muted">
        You are signed in as {email}.{" "}
        <button
          type="button"
          className="min-h-6 text-accent underline"
          onClick={() => leave.mutate()}
        >
          Use another account
        </button>
      </p>
    </>
  );
}

function Carried({ code }: { code: string }) {
  return (
    <Frame title="Your code">
      <p className="mb-5 text-read text-muted">
        Paste it where the app asks for it. It works once, within ten minutes.
      </p>
      <div className="flex items-center gap-2 border border-line-strong bg-sunken py-1.5 pr-1.5 pl-3">
        <code className="min-w-0 flex-1 font-mono text-label break-all select-all">{code}</code>
        <CopyButton label="Code" value={code} text="Copy" />
      </div>
    </Frame>
  );
}

function Refused({ why, callback }: { why: Unusable; callback: string | undefined }) {
  return (
    <Frame title="This link can't be used">
      {why === "callback" ? (
        <>
          <p className="mb-3 text-read text-muted">
            An app is called back by https, or on this computer at http://localhost or
            http://127.0.0.1. This one asks for:
          </p>
          <code className="mb-3 font-mono text-label break-all">{callback}</code>
        </>
      ) : (
        <p className="mb-3 text-read text-muted">
          An app has to say where it is called back (callback_url), or to send a challenge
          (code_challenge) for a code that you carry to it. This one does neither.
        </p>
      )}
      <p className="text-read text-muted">
        Nothing was made. Tell whoever makes the app, or make a key for it under{" "}
        <Link to="/keys" className="text-accent underline">
          Keys
        </Link>
        .
      </p>
    </Frame>
  );
}
