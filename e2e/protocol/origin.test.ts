/** Pages of other sites: kept out by the origin that the browser says, whatever credentials it adds. */

import { request } from "node:http";
import { expect, test } from "vitest";
import { expectProblem } from "../harness/problem";
import type { Answer } from "../harness/rest";
import { useStack } from "../harness/stack";

const ALLOWED = "https://chat.example";

const stack = useStack({ gatewayFlags: ["--allowed-origins", ALLOWED] });

const foreign = [
  "https://evil.example",
  "http://chat.example",
  "https://chat.example.evil.example",
  "null",
  "",
];
const welcome: [who: string, origin: () => string | undefined][] = [
  ["the gateway's own", () => stack().url()],
  ["an allowed one", () => ALLOWED],
  ["none at all", () => undefined],
];
const transports = ["websocket", "polling"] as const;

test.each(transports.flatMap((transport) => foreign.map((origin) => [transport, origin] as const)))(
  "a %s handshake from %j is refused, with a session as without",
  async (transport, origin) => {
    const alice = await stack().person("alice");
    for (const token of [alice.token, undefined]) {
      expectProblem(await handshake(transport, origin, token), 403, "forbidden");
    }
  },
);

test.each(
  transports.flatMap((transport) => welcome.map(([who, origin]) => [transport, who, origin] as const)),
)("a %s handshake from %s passes", async (transport, _, origin) => {
  const { status } = await handshake(transport, origin());
  expect(status).toBe(transport === "websocket" ? 101 : 200);
});

test.each(foreign)("a REST change from %j is refused, with a session as without", async (origin) => {
  const alice = await stack().person("alice");
  const headers = { origin };
  const roomId = `room-${crypto.randomUUID()}`;
  for (const rest of [alice.rest, stack().stranger]) {
    expectProblem(await rest.call("POST", "/social/rooms", { headers, body: { roomId } }), 403, "forbidden");
    expectProblem(await rest.call("DELETE", "/auth/sessions/x", { headers }), 403, "forbidden");
  }
  expect(await alice.rest.rooms()).toEqual([]);
  expect(await alice.rest.call("GET", "/social/rooms", { headers })).toMatchObject({ status: 200 });
});

test.each(welcome)("a REST change from %s passes", async (_, origin) => {
  const alice = await stack().person("alice");
  const said = origin();
  const headers = said === undefined ? {} : { origin: said };
  const body = { roomId: `room-${crypto.randomUUID()}` };
  expect(await alice.rest.call("POST", "/social/rooms", { headers, body })).toMatchObject({ status: 201 });
});

/** The first request of a connection, and its answer. */
function handshake(
  transport: string,
  origin: string | undefined,
  token?: string,
): Promise<Omit<Answer, "bytes">> {
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const headers = {
    ...(transport === "websocket" && upgrade),
    ...(origin !== undefined && { origin }),
    ...(token && { cookie: `chat_session=${token}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${stack().url()}/socket.io/?EIO=4&transport=${transport}`, { headers });
    sent.on("error", reject);
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, body: undefined, headers: new Headers() });
    });
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => {
        const kind = response.headers["content-type"] ?? "";
        const body: unknown = kind.includes("json") ? JSON.parse(text) : text;
        resolve({ status: response.statusCode ?? 0, body, headers: new Headers({ "content-type": kind }) });
      });
    });
    sent.end();
  });
}
