/** The client as an app: it opens without a network, can be installed, notifies, and talks to nobody but its gateway. */

import type { BrowserContext, Page } from "playwright-core";
import { expect, test } from "vitest";
import { Profile, useBrowser } from "../harness/browser";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const stack = useStack();
const browser = useBrowser();

/** A tab in which the service worker has kept the client. */
async function visit(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${stack().url()}/login`);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller !== null) return;
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
    );
  });
  return page;
}

/** Waits until the client's scripts have drawn something. */
async function seesClient(page: Page): Promise<void> {
  await page.locator("#app > *").first().waitFor();
}

/** Addresses of all assets that the worker's build consists of. */
async function assets(): Promise<string[]> {
  const worker = await (await fetch(`${stack().url()}/sw.js`)).text();
  return [...new Set(worker.match(/\/assets\/[\w.-]+/g))];
}

test("the client opens without a network after one visit, with every part of it", async () => {
  const context = await browser().newContext();
  const page = await visit(context);
  await context.setOffline(true);
  for (const path of ["/login", "/rt", "/settings", "/a/lobby", "/b/bob"]) {
    await page.goto(stack().url() + path);
    await seesClient(page);
  }
  const parts = [...(await assets()), "/favicon.svg", "/icon-192.png", "/manifest.webmanifest"];
  expect(parts.length).toBeGreaterThan(4);
  for (const part of parts) {
    const got = await page.evaluate(async (part) => (await fetch(part)).status, part);
    expect(got, part).toBe(200);
  }
});

test("a reload opens the client while the gateway is dead, and while it does not answer", async () => {
  const page = await visit(await browser().newContext());
  await stack().gateway.kill();
  await page.reload();
  await seesClient(page);
  await stack().gateway.start();
  await stack().gateway.ready();
  await stack().gateway.freeze();
  try {
    await page.reload();
    await seesClient(page);
  } finally {
    stack().gateway.thaw();
  }
});

test("the API and addresses that are not the client's pass by the worker", async () => {
  const page = await visit(await browser().newContext());
  for (const [path, status] of [
    ["/files/none", 401],
    ["/healthz", 200],
    ["/openapi.json", 200],
    ["/social/nowhere", 404],
  ] as const) {
    const response = await page.goto(stack().url() + path);
    expect([response?.status(), response?.fromServiceWorker()], path).toEqual([status, false]);
  }
  const home = await page.goto(`${stack().url()}/login`);
  expect(home?.fromServiceWorker()).toBe(true);
});

test("an address that there is not shows the client, and scripts the API's refusal", async () => {
  const page = await browser().newPage();
  const response = await page.goto(`${stack().url()}/no/such/page`);
  expect(response?.status()).toBe(404);
  await seesClient(page);
  const refusal = await fetch(`${stack().url()}/no/such/page`);
  expect([refusal.status, refusal.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
});

test("the client can be installed", async () => {
  // A window that keeps nothing cannot install, which would be the one thing said.
  const profile = await Profile.create();
  try {
    const context = await profile.start();
    const page = await visit(context);
    const devtools = await context.newCDPSession(page);
    const manifest = await devtools.send("Page.getAppManifest");
    expect(manifest.url).toBe(`${stack().url()}/manifest.webmanifest`);
    expect(manifest.errors).toEqual([]);
    expect(JSON.parse(manifest.data ?? "")).toMatchObject({ name: "Holdfast", start_url: "/rt" });
    expect((await devtools.send("Page.getInstallabilityErrors")).installabilityErrors).toEqual([]);
  } finally {
    await profile.clear();
  }
});

test("no request leaves the origin, and nothing that the page does is against its policy", async () => {
  const context = await browser().newContext();
  const asked = new Set<string>();
  const refused: string[] = [];
  context.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) refused.push(message.text());
  });
  context.on("request", (request) => asked.add(new URL(request.url()).origin));
  context.on("page", (page) =>
    page.on("websocket", (socket) => asked.add(new URL(socket.url()).origin.replace("ws", "http"))),
  );
  const page = await visit(context);
  await page.getByLabel("User name", { exact: true }).fill("dora");
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Create account", exact: true }).click();
  await page.getByRole("navigation", { name: "Rooms" }).waitFor();
  await page.reload();
  await page.getByRole("navigation", { name: "Rooms" }).waitFor();
  expect([...asked]).toEqual([stack().url()]);
  expect(refused).toEqual([]);
  await page.evaluate(() => fetch("https://elsewhere.example/").catch(() => undefined));
  await until("a breach of the policy is told", () => refused.length > 0);
  expect(refused.join()).toContain("https://elsewhere.example/");
});

test("pages come under a strict policy, and scripts compressed", async () => {
  const page = await fetch(`${stack().url()}/login`);
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain("unsafe");
  expect(page.headers.get("x-content-type-options")).toBe("nosniff");
  expect(page.headers.get("referrer-policy")).toBe("same-origin");
  const [script = ""] = (await assets()).filter((path) => path.endsWith(".js"));
  for (const coding of ["br", "gzip"]) {
    const { headers } = await fetch(stack().url() + script, { headers: { "accept-encoding": coding } });
    expect(headers.get("content-encoding")).toBe(coding);
    expect(headers.get("vary")).toContain("accept-encoding");
  }
});

test("a notification shows where no tab of the client is seen, and a click on it opens what it is about", async () => {
  const context = await browser().newContext({ permissions: ["notifications"] });
  const page = await visit(context);
  const shown = (from: Page) =>
    from.evaluate(async () => {
      const worker = await navigator.serviceWorker.getRegistration();
      return ((await worker?.getNotifications()) ?? []).map(({ title, body }) => `${title}: ${body}`);
    });
  const notify = (from: Page, tag: string, body: string) =>
    from.evaluate(
      async (notice) => {
        const worker = await navigator.serviceWorker.getRegistration();
        worker?.active?.postMessage({ kind: "notify", ...notice });
      },
      { title: "Bob", body, path: "/a/lobby", tag },
    );

  await notify(page, "seen", "to somebody who looks");
  const beside = await context.newPage();
  await beside.goto(`${stack().url()}/healthz`);
  await page.close();
  await notify(beside, "lobby", "one");
  await notify(beside, "lobby", "two");
  await until("just the last one shows", async () => (await shown(beside)).join() === "Bob: two");

  const tab = await context.newPage();
  await tab.goto(`${stack().url()}/login`);
  await seesClient(tab);
  const [worker] = context.serviceWorkers();
  await worker?.evaluate(`registration.getNotifications().then(([notification]) => {
    dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  })`);
  await tab.waitForURL(/lobby/);
  expect(await shown(tab)).toEqual([]);
});
