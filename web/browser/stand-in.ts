import type { IncomingMessage, ServerResponse } from "node:http";
import type { Gateway } from "./gateway";

/**
 * Answers for the routes of sessions, in front of a gateway that has none yet. It knows one person
 * and lets them in; every other call goes to the gateway with its management key.
 */
export interface StandIn {
  /** Whether it has answered. */
  answer: (path: string, incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
  /** Headers for the gateway, of those who are signed in. */
  credentials: (incoming: IncomingMessage) => Record<string, string>;
}

export const PERSON = { email: "ada@example.com", password: "correct horse battery" };

const AREAS = ["keys", "own_keys", "money", "usage", "workspaces", "routing", "audit", "people"];
const COOKIE = "tollgate_session=stand-in";

const signedIn = (incoming: IncomingMessage) => incoming.headers.cookie?.includes(COOKIE) ?? false;

function session(state: "setup" | "signed_out" | "signed_in") {
  const known = state === "signed_in";
  return {
    data: {
      state,
      setup_code_required: false,
      installation: { name: "Tollgate", version: "0.1.0", billing: true },
      user: known
        ? {
            id: "user_1",
            email: PERSON.email,
            first_name: "Ada",
            last_name: null,
            role: "org:admin",
            access: "owner",
            created_at: "2026-11-20T09:00:00Z",
          }
        : null,
      permissions: known ? Object.fromEntries(AREAS.map((area) => [area, "write"])) : null,
      everywhere: known,
      workspaces: known ? [{ id: "ws_1", name: "Default", slug: "default" }] : [],
    },
  };
}

export function makeStandIn(gateway: Gateway): StandIn {
  let settingUp = true;
  const send = (outgoing: ServerResponse, status: number, body: unknown, cookie?: string) => {
    outgoing.writeHead(status, {
      "content-type": "application/json",
      ...(cookie ? { "set-cookie": `${cookie}; Path=/; HttpOnly; SameSite=Strict` } : {}),
    });
    outgoing.end(status === 204 ? undefined : JSON.stringify(body));
    return true;
  };
  const refuse = (outgoing: ServerResponse, code: number, message: string) =>
    send(outgoing, code, { error: { code, message, error_type: "authentication", metadata: {} } });

  async function signIn(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { email, password } = JSON.parse(await text(incoming));
    if (!settingUp && email === PERSON.email && password === PERSON.password) {
      send(outgoing, 200, session("signed_in"), COOKIE);
    } else refuse(outgoing, 401, "Wrong e-mail or password.");
  }

  async function playgroundKey(outgoing: ServerResponse): Promise<void> {
    const created = await fetch(`${gateway.url}/api/v1/keys`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${gateway.managementKey}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ name: "Playground of Ada", limit: 5, limit_reset: "daily" }),
    });
    send(outgoing, created.status, await created.json());
  }

  const routes: Record<string, (incoming: IncomingMessage, outgoing: ServerResponse) => unknown> = {
    "GET /api/v1/session": (incoming, outgoing) =>
      send(
        outgoing,
        200,
        session(settingUp ? "setup" : signedIn(incoming) ? "signed_in" : "signed_out"),
      ),
    "POST /api/v1/session": signIn,
    "DELETE /api/v1/session": (_, outgoing) =>
      send(outgoing, 204, null, "tollgate_session=; Max-Age=0"),
    "POST /api/v1/setup": async (incoming, outgoing) => {
      await text(incoming);
      if (!settingUp) return refuse(outgoing, 409, "Set up already.");
      settingUp = false;
      return send(outgoing, 200, session("signed_in"), COOKIE);
    },
    "PUT /api/v1/session/password": (incoming, outgoing) =>
      signedIn(incoming) ? send(outgoing, 204, null) : refuse(outgoing, 401, "No session."),
    "POST /api/v1/session/playground-key": (_, outgoing) => playgroundKey(outgoing),
  };

  return {
    answer(path, incoming, outgoing) {
      const route = routes[`${incoming.method} ${path}`];
      if (!route) return false;
      void route(incoming, outgoing);
      return true;
    },
    credentials: (incoming): Record<string, string> =>
      signedIn(incoming) && !incoming.headers.authorization
        ? { authorization: `Bearer ${gateway.managementKey}` }
        : {},
  };
}

async function text(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
