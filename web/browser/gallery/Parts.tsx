import { ApiError } from "~/api/error";
import { Button } from "~/components/Button";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Facts } from "~/components/Facts";
import { JsonTree } from "~/components/JsonTree";
import { LimitBar } from "~/components/LimitBar";
import { Loading } from "~/components/Loading";
import { Markdown } from "~/components/Markdown";
import { Sparkline } from "~/components/Sparkline";
import { Status } from "~/components/Status";

const ERROR = new ApiError(
  502,
  "provider_unavailable",
  "The provider answered nonsense.",
  "gen-01HZ",
);

const ANSWER = `Two ways to do it, with **different** costs:

1. Ask once, and keep the answer
2. Ask each time, with \`cache_control\`

| Way | Tokens | Cost |
|---|---:|---:|
| once | 1,204 | $0.0012 |
| each | 318 | $0.0031 |

\`\`\`python
def ask(prompt: str) -> str:
    return client.chat(prompt)  # streamed
\`\`\`

> Prices as of today. <script>alert(1)</script> ![beacon](https://evil.example/x.png)
> See [the docs](https://docs.example/prices).`;

export function Parts() {
  return (
    <div className="grid gap-x-12 gap-y-8 overflow-y-auto pb-8 md:grid-cols-2">
      <div className="min-w-0">
        <Markdown text={ANSWER} />
        <EmptyState title="No keys yet" action={<Button variant="primary">Create key</Button>}>
          A key lets an app call models, up to a limit that you set.
        </EmptyState>
      </div>
      <div className="min-w-0">
        <Facts
          facts={[
            [
              "Limit",
              <LimitBar key="a" spent="12.40" limit="20" share={0.62} note="resets in 3 d" />,
            ],
            ["Nearly", <LimitBar key="b" spent="17.90" limit="20" share={0.895} />],
            [
              "Over",
              <LimitBar key="c" spent="20.01" limit="20" share={1.0005} note="team budget" />,
            ],
            [
              "Requests",
              <Sparkline key="d" values={[3, 5, 4, null, 9, 7, 12]} label="Requests, 3 to 12" />,
            ],
            [
              "Circuit",
              <Status key="e" tone="good">
                Closed
              </Status>,
            ],
            [
              "Degraded",
              <Status key="f" tone="warn">
                Half-open
              </Status>,
            ],
            [
              "Failing",
              <Status key="g" tone="bad">
                Open, next probe in 14 s
              </Status>,
            ],
          ]}
        />
        <ErrorPanel what="The log can't be read" error={ERROR} onRetry={() => undefined} />
        <Loading label="Keys" rows={3} />
        <div className="pt-4">
          <JsonTree
            label="Request"
            value={{
              model: "openai/gpt-4o",
              stream: true,
              messages: [{ role: "user", content: "Hi" }],
            }}
          />
        </div>
      </div>
    </div>
  );
}
