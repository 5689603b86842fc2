import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NoAnswer, Refused } from "../src/sdk/errors";
import { WireError } from "../src/sdk/guards";
import { Rest } from "../src/sdk/rest";
import { xhrUpload, type XhrUploadOptions } from "../src/sdk/upload";
import { Clock } from "./world/clock";
import { file } from "./world/things";
import { PlatformRequest } from "./world/xhr";

const uploaded = { fileId: "f1", name: "a.txt", mimeType: "text/plain", size: 5 };
const problem = JSON.stringify({ status: 413, code: "too_large", detail: "at most 25 MiB" });
const quietly = { signal: new AbortController().signal, progress: () => undefined };

describe("an upload from a browser", () => {
  beforeEach(() => {
    PlatformRequest.made = [];
    vi.stubGlobal("XMLHttpRequest", PlatformRequest);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  function begin(to: XhrUploadOptions = {}, clock = new Clock()) {
    const shares: number[] = [];
    const giving = new AbortController();
    const upload = xhrUpload({ ...to, timers: clock });
    const options = { signal: giving.signal, progress: (share: number) => shares.push(share) };
    // What the browser takes it for is not what it is called.
    const called = { ...file("a.txt", "hello"), mimeType: "text/markdown" };
    const result = upload(called, options).catch((error: unknown) => error);
    return { request: PlatformRequest.last(), result, shares, giving, clock };
  }

  it("sends name, type and content in a form, and tells how much has left", async () => {
    const { request, result, shares } = begin();
    expect(request.asked).toEqual(["POST", "/files"]);
    const sent = request.form?.get("file") as File;
    expect([sent.name, sent.type, await sent.text()]).toEqual(["a.txt", "text/markdown", "hello"]);
    request.moves(50, 200);
    request.moves(200, 200);
    request.answers(201, JSON.stringify({ ...uploaded, sha256: "…", url: "/files/f1" }));
    expect(await result).toEqual(uploaded);
    expect(shares).toEqual([0.25, 1]);
  });

  it("goes to the page's own gateway with its cookie, or to another one with a token", () => {
    expect(begin().request.headers).toEqual({});
    const { request } = begin({ url: "https://chat.example", token: "secret" });
    expect(request.asked).toEqual(["POST", "https://chat.example/files"]);
    expect(request.headers).toEqual({ authorization: "Bearer secret" });
  });

  it("has the server's code where it is refused, and when to come back", async () => {
    const tooLarge = begin();
    tooLarge.request.answers(413, problem);
    expect(await tooLarge.result).toBeInstanceOf(Refused);
    expect(await tooLarge.result).toMatchObject({ code: "too_large", message: "at most 25 MiB" });
    const limited = begin();
    limited.request.answers(429, JSON.stringify({ code: "rate_limited" }), { "retry-after": "3" });
    expect(await limited.result).toMatchObject({ code: "rate_limited", retryAfterMs: 3_000 });
    const proxied = begin();
    proxied.request.answers(502, "<h1>Bad gateway</h1>");
    expect(await proxied.result).toMatchObject({ code: "unavailable" });
    const tooLargeForProxy = begin();
    tooLargeForProxy.request.answers(413, "<h1>Request Entity Too Large</h1>");
    expect(await tooLargeForProxy.result).toMatchObject({ code: "too_large" });
  });

  it("believes no answer that names no file", async () => {
    const { request, result } = begin();
    request.answers(200, "{}");
    expect(await result).toBeInstanceOf(WireError);
  });

  it("has no answer where the network is gone", async () => {
    const { request, result } = begin();
    request.breaks();
    expect(await result).toBeInstanceOf(NoAnswer);
  });

  it("is given up when it is told to", async () => {
    const { request, result, giving } = begin();
    giving.abort();
    expect(await result).toBeInstanceOf(NoAnswer);
    expect(request.isAborted).toBe(true);
  });

  it("takes as long as it takes while it moves, and is given up when it does not for 30 s", async () => {
    const { request, result, clock } = begin();
    const start = clock.now();
    for (let part = 1; part < 10; part += 1) {
      clock.after(20_000, () => request.moves(part, 100));
      clock.ring();
    }
    expect(request.isAborted).toBe(false);
    clock.ring();
    expect(request.isAborted).toBe(true);
    expect(clock.now() - start).toBe(9 * 20_000 + 30_000);
    expect(await result).toBeInstanceOf(NoAnswer);
  });
});

describe("an upload from a program", () => {
  it("sends the same form, with the token", async () => {
    const asked: Request[] = [];
    const rest = new Rest({
      url: "http://holdfast.test",
      token: "secret",
      fetch: (input, init) => {
        asked.push(new Request(input, init));
        return Promise.resolve(Response.json(uploaded, { status: 201 }));
      },
    });
    const shares: number[] = [];
    const options = { ...quietly, progress: (share: number) => shares.push(share) };
    expect(await rest.upload(file("a.txt", "hello"), options)).toEqual(uploaded);
    const [request] = asked;
    expect([request?.method, request?.url]).toEqual(["POST", "http://holdfast.test/files"]);
    expect(request?.headers.get("authorization")).toBe("Bearer secret");
    const sent = (await request?.formData())?.get("file") as File;
    expect([sent.name, sent.type, await sent.text()]).toEqual(["a.txt", "text/plain", "hello"]);
    expect(shares).toEqual([1]);
  });

  it("is refused in the same words", async () => {
    const rest = new Rest({ fetch: () => Promise.resolve(new Response(problem, { status: 413 })) });
    await expect(rest.upload(file("a.txt"), quietly)).rejects.toMatchObject({ code: "too_large" });
  });

  it("is given up when it is told to", async () => {
    const giving = new AbortController();
    const rest = new Rest({
      fetch: (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
        }),
    });
    const result = rest.upload(file("a.txt"), { ...quietly, signal: giving.signal });
    giving.abort();
    await expect(result).rejects.toBeInstanceOf(NoAnswer);
  });
});
