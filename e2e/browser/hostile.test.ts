/** Hostile words: wherever people choose a text, it is shown as the text that it is, and nothing of it runs. */

import { expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { Person } from "../harness/person";
import { type GivenFile, picture } from "../harness/picture";
import { useStack } from "../harness/stack";
import { wholeLog } from "../harness/timeline";
import { Visitor } from "../harness/visitor";

/** What the server takes of a display name. */
const LONGEST_NAME = 60;

const stack = useStack();
const browser = useBrowser();

/** Each calls for `window.__xss` where it is taken for more than text. */
const words: [what: string, text: string][] = [
  ["a script", "<script>window.__xss = 1</script>"],
  ["a picture that fails", `<img src=x onerror="window.__xss = 1">`],
  ["a drawing", "<svg/onload=window.__xss=1>"],
  ["a frame", `<iframe srcdoc="<script>parent.__xss = 1</script>"></iframe>`],
  ["the end of an attribute", `"><img src=x onerror=window.__xss=1>`],
  ["the end of an attribute in single quotes", `' onmouseover='window.__xss=1' x='`],
  ["the end of a title", "</title><script>window.__xss = 1</script>"],
  ["a style", "<style>*{background:url(https://evil.example/x)}</style>"],
  ["a form", `<form action="javascript:window.__xss=1"><button autofocus>go</button></form>`],
  ["a refresh", `<meta http-equiv="refresh" content="0;url=https://evil.example/">`],
  ["another base", `<base href="https://evil.example/">`],
  ["an address that is a script", "javascript:window.__xss=1"],
  ["an address that is a document", "data:text/html,<script>parent.__xss=1</script>"],
  ["a link of Markdown", "[click](javascript:window.__xss=1)"],
  ["a picture of Markdown", "![x](https://evil.example/x.png)"],
  ["a template", "{{constructor.constructor('window.__xss=1')()}} ${window.__xss=1}"],
  ["entities", "&lt;b&gt; &amp; &#106;avascript&colon;alert(1)"],
  ["a name of every object", "__proto__"],
  ["another one", "constructor"],
  ["writing from right to left", "abc \u202egnp.exe\u202c def"],
  ["marks on marks", `Z${"\u0351\u036b\u0343".repeat(20)}`],
];

test("no word in a message or in a room's title is more than text", async () => {
  const [owner, reader] = await stack().people("owner", "reader");
  for (const [index, [, title]] of words.entries()) {
    const roomId = `titled-${index}`;
    await owner.rest.expect(201, "POST", "/social/rooms", { roomId, title });
    await owner.bring(roomId, reader);
    await owner.rest.send(roomId, title);
  }
  const [writer, other] = [await watched(owner), await watched(reader)];
  for (const { visitor } of [writer, other]) {
    for (const [, title] of words) await visitor.rooms.getByText(title, { exact: true }).first().waitFor();
    await visitor.go(`/a/titled-0`);
    await visitor.heading.filter({ hasText: words[0]?.[1] ?? "" }).waitFor();
  }
  const texts = words.map(([, text]) => text);
  await writer.visitor.write(...texts);
  for (const { visitor } of [writer, other]) {
    await visitor.article(texts.at(-1) ?? "").waitFor();
    const shown = await wholeLog(visitor.page);
    const all = [texts[0] ?? "", ...texts];
    all.forEach((text, index) => expect(shown[index]?.text).toContain(text));
  }
  for (const watch of [writer, other]) expect(await watch.harm()).toEqual([]);
});

test("no name of a person is more than text", async () => {
  const owner = await stack().person("owner");
  const room = await owner.createRoom();
  const people = [];
  for (const [index, [, name]] of words.entries()) {
    const displayName = name.slice(0, LONGEST_NAME);
    const person = await Person.signUp(stack().url(), `named-${index}`, displayName);
    await owner.bring(room, person);
    await owner.befriend(person);
    await person.rest.send(room, "who am I?");
    people.push({ person, displayName });
  }
  const watch = await watched(owner);
  const { visitor } = watch;
  for (const place of [visitor.section("Friends"), visitor.members]) {
    for (const { displayName } of people) await place.getByText(displayName).first().waitFor();
    await visitor.go(`/a/${room}`);
  }
  const shown = await wholeLog(visitor.page);
  people.forEach(({ displayName }, index) => expect(shown[index]?.text).toContain(displayName));
  for (const { person, displayName } of people.slice(0, 5)) {
    await visitor.go(`/b/${person.userId}`);
    await visitor.heading.filter({ hasText: displayName }).waitFor();
  }
  expect(await watch.harm()).toEqual([]);
});

test("files are called what they are called, and are no pages of this site", async () => {
  const [owner, reader] = await stack().people("owner", "reader");
  const room = await owner.createRoom(reader);
  const page = "<script>window.__xss = 1; window.parent.__xss = 1</script>";
  const files = [
    picture("<img src=x onerror=window.__xss=1>.png"),
    file(
      `'><svg onload=window.__xss=1>.svg`,
      "image/svg+xml",
      `<svg xmlns="http://www.w3.org/2000/svg">${page}</svg>`,
    ),
    file("page.html", "text/html", page),
  ];
  const [sender, other] = [await watched(owner), await watched(reader)];
  for (const { visitor } of [sender, other]) await visitor.go(`/a/${room}`);
  await sender.visitor.sendFiles(...files);
  for (const { visitor } of [sender, other]) {
    await visitor.seesStored("", "", "");
    await visitor.seesPicture(files[0]?.name ?? "", visitor.articles.first());
    for (const [index, { name }] of files.entries()) {
      const link = visitor.articles.nth(index).getByRole("link", { name }).first();
      expect(await link.getAttribute("href")).toMatch(/^\/files\/[\w-]+$/);
    }
  }
  for (const watch of [sender, other]) expect(await watch.harm()).toEqual([]);
});

test("only addresses of the web become links, which give nothing away", async () => {
  const owner = await stack().person("owner");
  const room = await owner.createRoom();
  const texts = [
    "see https://example.org/a?b=c#d.",
    "or http://example.org/<b>",
    "JaVaScRiPt:alert(1) and javascript://example.org/%0aalert(1)",
    "data:text/html;base64,PHNjcmlwdD4= vbscript:x file:///etc/passwd blob:https://example.org/1",
    "https://user:secret@example.org/ https://xn--pple-43d.com/",
  ];
  const watch = await watched(owner);
  await watch.visitor.go(`/a/${room}`);
  await watch.visitor.write(...texts);
  await watch.visitor.seesStored(...texts);
  const links = await watch.visitor.articles
    .locator("a")
    .evaluateAll((all) =>
      all.map((link) => ({ href: link.getAttribute("href"), rel: link.getAttribute("rel") ?? "" })),
    );
  expect(links.map(({ href }) => href)).toContain("https://example.org/a?b=c#d");
  for (const { href, rel } of links) {
    expect(href).toMatch(/^https?:\/\//);
    expect(rel.split(" ")).toContain("noopener");
  }
  expect(await watch.harm()).toEqual([]);
});

test("the policy lets no script run that is not the page's own", async () => {
  for (const path of ["/", "/login", "/rt", "/a/lobby", "/b/bob", "/settings"]) {
    const response = await fetch(stack().url() + path);
    const policy = response.headers.get("content-security-policy") ?? "";
    const directives = new Map(
      policy.split(";").map((one) => {
        const [name = "", ...sources] = one.trim().split(/\s+/);
        return [name, sources] as const;
      }),
    );
    const scripts = directives.get("script-src") ?? directives.get("default-src");
    expect(scripts, path).toEqual(["'self'"]);
    expect(directives.get("object-src"), path).toEqual(["'none'"]);
    expect(directives.get("base-uri"), path).toEqual(["'none'"]);
  }
});

/** Somebody at a browser that takes note of everything that it should not do. */
async function watched(person: Person): Promise<{ visitor: Visitor; harm: () => Promise<string[]> }> {
  const visitor = await Visitor.of(browser(), stack().url(), person, "/login");
  const { context, page } = visitor;
  const harm: string[] = [];
  const { origin, host } = new URL(stack().url());
  await context.exposeFunction("tellHarm", (what: string) => void harm.push(what));
  await context.addInitScript(() => {
    const tell = (what: string) => (window as unknown as { tellHarm(what: string): void }).tellHarm(what);
    document.addEventListener("securitypolicyviolation", (event) =>
      tell(`${event.violatedDirective}: ${event.blockedURI}`),
    );
    Object.defineProperty(window, "__xss", { set: () => tell("a script ran") });
  });
  context.on("request", (request) => {
    const url = new URL(request.url());
    const isOwn = url.origin === origin || (url.protocol === "ws:" && url.host === host);
    if (!isOwn && url.protocol !== "blob:" && url.protocol !== "data:") harm.push(`asked ${request.url()}`);
  });
  context.on("dialog", (dialog) => {
    harm.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("page", (opened) => harm.push(`opened ${opened.url()}`));
  await visitor.go("/rt");
  await visitor.connection("current");
  return {
    visitor,
    async harm() {
      // A round trip through the page: what it had to tell has arrived.
      await page.evaluate(() => document.title);
      return [...harm, ...visitor.errors];
    },
  };
}

function file(name: string, mimeType: string, content: string): GivenFile {
  return { name, mimeType, buffer: Buffer.from(content) };
}
