import { expect, it } from "vitest";
import { NoAnswer, Refused } from "../src/sdk/errors";
import { WireError } from "../src/sdk/guards";
import { Rest } from "../src/sdk/rest";

/** REST over a network that gives this answer to everything. */
function answering(status: number, body: string, headers: Record<string, string> = {}): Rest {
  const answer = () => Promise.resolve(new Response(status === 204 ? null : body, { status, headers }));
  return new Rest({ fetch: answer });
}

it("a refusal has the server's code and when to come back", async () => {
  const problem = JSON.stringify({ status: 429, code: "rate_limited", detail: "too many" });
  const refused = await answering(429, problem, { "retry-after": "3" })
    .rooms()
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Refused);
  expect(refused).toMatchObject({ code: "rate_limited", message: "too many", retryAfterMs: 3_000 });
});

it("a proxy that answers in its own words means that the server is not available", async () => {
  await expect(answering(502, "<h1>Bad gateway</h1>").rooms()).rejects.toMatchObject({ code: "unavailable" });
});

it("a network that is not there gives no answer", async () => {
  const rest = new Rest({ fetch: () => Promise.reject(new TypeError("offline")) });
  await expect(rest.rooms()).rejects.toBeInstanceOf(NoAnswer);
});

it("an answer whose body is lost on the way is none", async () => {
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull: (stream) => stream.error(new TypeError("the connection is gone")),
    });
  for (const status of [200, 429]) {
    const rest = new Rest({ fetch: () => Promise.resolve(new Response(body(), { status })) });
    await expect(rest.rooms()).rejects.toBeInstanceOf(NoAnswer);
  }
});

it("an answer that is not what was asked for is not believed", async () => {
  await expect(answering(200, "{}").rooms()).rejects.toBeInstanceOf(WireError);
  const page = { roomId: "other", messages: [], latestSeq: 0, hasMore: false, epoch: "e" };
  await expect(answering(200, JSON.stringify(page)).page("lobby", "newest")).rejects.toBeInstanceOf(
    WireError,
  );
});

it("an answer without a body is enough where none is promised", async () => {
  await expect(answering(204, "").logOut()).resolves.toBeUndefined();
});

it("names in addresses are written so that they stay names", async () => {
  const asked: string[] = [];
  const rest = new Rest({
    fetch: (input) => {
      asked.push(input as string);
      return Promise.resolve(Response.json({ roomId: "a/b?", details: [] }));
    },
  });
  await rest.members("a/b?");
  expect(asked).toEqual(["/social/rooms/a%2Fb%3F/members"]);
});
