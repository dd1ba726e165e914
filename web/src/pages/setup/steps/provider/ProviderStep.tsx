import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ProviderKey, providerKeysQuery } from "~/api/provider-keys";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { CopyButton } from "~/components/CopyField";
import { ErrorPanel } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { Loading } from "~/components/Loading";
import { GiveKey } from "~/components/provider-key/GiveKey";
import { looksLikeKey, recognised } from "~/components/provider-key/recognise";
import { isReady, KeySource } from "~/components/provider-key/source";
import { whole } from "~/format";
import { text, useUrlState } from "~/url/state";
import type { StepProps } from "../../step";
import { found, linesOf, locals } from "./found";

const PROVIDER = text();
const SHOWN = 6;

/** A key at a provider: found in the environment, pasted, or left for later. */
export default function ProviderStep({ onNext }: StepProps) {
  const { data: rows, error, isPending, refetch } = useQuery(providerKeysQuery);
  const [slug, choose] = useUrlState("provider", PROVIDER);
  const [wanted, setWanted] = useState("");
  const [pasted, setPasted] = useState("");
  const [given, setGiven] = useState<{ provider: ProviderKey; warning: string | null } | null>(
    null,
  );
  const [taken, setTaken] = useState<ProviderKey | null>(null);
  const chosen = rows?.find((row) => row.provider === slug && !isReady(row)) ?? null;
  const ready = rows?.filter(isReady) ?? [];

  /** What is typed is a provider's name, or a key: that goes on to whose it is. */
  const type = (typed: string) => {
    setTaken(null);
    if (!looksLikeKey(typed)) return setWanted(typed);
    setWanted("");
    const whose = recognised(typed);
    const before = ready.find((row) => row.provider === whose);
    if (before) return setTaken(before);
    setPasted(typed.trim());
    choose(whose ?? "");
  };
  const start = (row: ProviderKey | null) => {
    choose(row?.provider ?? "");
    setWanted("");
    if (!row) setPasted("");
  };
  return (
    <>
      <h1 className="mb-1 text-figure font-medium">Connect a provider</h1>
      <p className="mb-6 max-w-[60ch] text-read text-muted">
        A provider runs the models and bills you for them. More can be added at any time.
      </p>
      {error && !rows && (
        <ErrorPanel what="The providers can't be listed" error={error} onRetry={refetch} />
      )}
      {isPending && <Loading label="Providers" rows={SHOWN} rowHeight={40} />}
      {rows && (
        <div className="flex flex-col gap-6">
          {ready.length > 0 && <Ready rows={ready} warning={given?.warning ?? null} />}
          {ready.length > 0 && (
            <Button
              variant={chosen ? "default" : "primary"}
              className="self-start"
              onClick={() => {
                const [first] = ready;
                if (slug === "" && first) choose(first.provider);
                onNext();
              }}
            >
              Continue
            </Button>
          )}
          {chosen ? (
            <GiveKey
              key={chosen.provider}
              provider={chosen}
              pasted={pasted}
              onGiven={(provider, warning) => {
                setGiven({ provider, warning });
                setPasted("");
              }}
              onCancel={() => start(null)}
            />
          ) : (
            <>
              {pasted !== "" && !taken && (
                <p role="status">
                  Several providers give out keys of this form. Whose is it?{" "}
                  <Button variant="quiet" size="sm" onClick={() => setPasted("")}>
                    Forget the key
                  </Button>
                </p>
              )}
              {taken && (
                <p role="status">
                  That is a key of {taken.name}, which has one already. Replace it later, under
                  Providers.
                </p>
              )}
              <Search
                rows={rows}
                wanted={wanted}
                onType={type}
                onChoose={start}
                autoFocus={ready.length === 0}
                label={
                  ready.length > 0 ? "Add another provider" : "Find a provider, or paste a key"
                }
              />
            </>
          )}
          {ready.length === 0 && !chosen && (
            <p className="text-muted">
              No key at hand? Skip this step: simulated models inside the gateway answer without
              one. No provider bills you for them; they have made-up prices, so that costs can be
              seen.
            </p>
          )}
        </div>
      )}
    </>
  );
}

/** The providers that calls reach already. */
function Ready({ rows, warning }: { rows: ProviderKey[]; warning: string | null }) {
  return (
    <section aria-label="Ready">
      <h2 className="mb-1 font-medium">Ready</h2>
      <ul className="border-t">
        {rows.map((row) => (
          <li
            key={row.provider}
            className="grid min-h-10 grid-cols-[minmax(0,1fr)_minmax(0,auto)_5.5rem] items-center gap-4 border-b"
          >
            <span className="truncate font-medium">{row.name}</span>
            <KeySource row={row} />
            <span className="text-right text-muted">
              {whole(row.models)} model{row.models === 1 ? "" : "s"}
            </span>
          </li>
        ))}
      </ul>
      {warning && (
        <p role="status" className="mt-2 text-warn">
          {warning}
        </p>
      )}
    </section>
  );
}

interface SearchProps {
  rows: readonly ProviderKey[];
  wanted: string;
  label: string;
  autoFocus: boolean;
  onType: (text: string) => void;
  onChoose: (row: ProviderKey) => void;
}

function Search({ rows, wanted, label, autoFocus, onType, onChoose }: SearchProps) {
  const [all, setAll] = useState(false);
  const matching = found(rows, wanted);
  const own = wanted === "" ? [] : locals(rows, wanted);
  const shown = all || wanted !== "" ? matching : matching.slice(0, SHOWN);
  return (
    <section>
      <label className="mb-1 block font-medium" htmlFor="provider-search">
        {label}
      </label>
      <input
        id="provider-search"
        type="search"
        // biome-ignore lint/a11y/noAutofocus: the step is about this field alone
        autoFocus={autoFocus}
        autoComplete="off"
        spellCheck={false}
        placeholder="OpenAI, Anthropic, or sk-…"
        value={wanted}
        onChange={(event) => onType(event.target.value)}
        onKeyDown={(event) => {
          const [first] = matching;
          if (event.key === "Enter" && wanted !== "" && first) onChoose(first);
        }}
        className={CONTROL}
      />
      <ul aria-label="Providers" className="mt-2 max-h-90 overflow-y-auto border-t">
        {shown.map((row) => (
          <li key={row.provider} className="border-b">
            <button
              type="button"
              disabled={!row.is_reachable}
              onClick={() => onChoose(row)}
              className="grid min-h-10 w-full grid-cols-[minmax(0,1fr)_auto] items-center gap-4 px-1 text-left hover:bg-hover disabled:hover:bg-transparent pointer-coarse:min-h-11"
            >
              <span className="truncate">
                <span className="font-medium">{row.name}</span>
                <span className="ml-2 font-mono text-label text-muted">
                  {row.is_reachable ? row.env[0] : "needs its address in the configuration"}
                </span>
              </span>
              <span className="text-muted">
                {row.known_models > 0
                  ? `${whole(row.known_models)} model${row.known_models === 1 ? "" : "s"}`
                  : ""}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {wanted !== "" && (shown.length === 0 || own.length > 0) && <Own rows={own} />}
      {shown.length < matching.length && (
        <Button variant="quiet" className="mt-1 -ml-3" onClick={() => setAll(true)}>
          All {whole(matching.length)} providers
        </Button>
      )}
    </section>
  );
}

/** How a server of one's own is named to the gateway: of those that were found, or of another. */
function Own({ rows }: { rows: readonly ProviderKey[] }) {
  const lines = linesOf(rows[0]?.provider ?? null);
  return (
    <div className="flex flex-col gap-2 py-3">
      <p className="text-muted">
        {rows.length > 0
          ? `${rows.map(({ name }) => name).join(", ")}: it runs on a machine of yours and needs no key.`
          : "No provider is called like this. Any that speaks OpenAI's API can be added."}{" "}
        Put these lines into the gateway's configuration file; a running gateway takes them at once.
      </p>
      <Code code={lines} />
      <span className="self-start">
        <CopyButton label="Configuration" value={lines} text="Copy" />
      </span>
    </div>
  );
}
