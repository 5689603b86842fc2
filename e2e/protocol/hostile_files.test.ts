/** Files that mean harm: refused by what they are called, or kept from being more than bytes to download. */

import { beforeAll, expect, test } from "vitest";
import type { Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import type { Call } from "../harness/rest";
import { useStack } from "../harness/stack";
import type { Uploaded } from "../harness/wire";

const HTML =
  "<!doctype html><html><head><title>x</title></head><body><script>alert(1)</script></body></html>";
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const POLYGLOT = Buffer.concat([PNG, Buffer.from(HTML)]);
const PDF = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

const stack = useStack();
let alice: Person;

beforeAll(async () => {
  alice = await stack().person("alice");
});

const download = (file: Uploaded) => alice.rest.get(new URL(file.url, stack().url()).pathname);

type Content = string | Buffer<ArrayBuffer>;

test.each<[what: string, content: Content, name: string, type: string, found: RegExp]>([
  ["HTML", HTML, "page.html", "text/html", /^text\/html/],
  ["HTML that is called a PNG", HTML, "dot.png", "image/png", /^text\/html/],
  ["HTML that is called a PDF", HTML, "doc.pdf", "application/pdf", /^text\/html/],
  ["HTML of an unknown type", HTML, "page", "", /./],
  ["SVG", SVG, "dot.svg", "image/svg+xml", /^image\/svg\+xml/],
  ["SVG that is called a PNG", SVG, "dot.png", "image/png", /^(?!image\/png)/],
  ["XHTML", `<?xml version="1.0"?>${HTML}`, "page.xhtml", "application/xhtml+xml", /./],
  ["XML", "<?xml version='1.0'?><x/>", "x.xml", "text/xml", /xml/],
  ["a script", "alert(1)", "x.js", "text/javascript", /javascript/],
  ["a style sheet", "a { color: red }", "x.css", "text/css", /css/],
])("%s is for downloading alone", async (_, content, name, type, found) => {
  const file = await alice.upload(content, name, type);
  expect(file.mimeType).toMatch(found);
  const { headers, bytes } = await download(file);
  expect(headers.get("content-disposition")).toMatch(/^attachment/);
  expect(headers.get("content-type")).not.toMatch(/script|css/);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(bytes.equals(Buffer.from(content))).toBe(true);
});

test.each(["image/png", "text/html", "image/svg+xml", "text/plain", ""])(
  "a PNG with HTML behind it, called %j, is shown as a PNG or not at all",
  async (type) => {
    const { headers } = await download(await alice.upload(POLYGLOT, "dot.html", type));
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    const disposition = headers.get("content-disposition") ?? "";
    if (!disposition.startsWith("attachment")) expect(headers.get("content-type")).toBe("image/png");
  },
);

test.each<[what: string, content: Content, name: string, type: string]>([
  ["a PNG", PNG, "dot.png", "image/png"],
  ["a text", "just a text", "a.txt", "text/plain"],
  ["a PDF", PDF, "a.pdf", "application/pdf"],
])("%s may be shown in the browser, as that", async (_, content, name, type) => {
  const file = await alice.upload(content, name, type);
  expect(file.mimeType).toBe(type);
  const { headers } = await download(file);
  expect(headers.get("content-type")?.split(";")[0]).toBe(type);
  expect(headers.get("content-disposition") ?? "inline").toMatch(/^inline/);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
});

test("HTML that calls itself a text is never run", async () => {
  const { headers } = await download(await alice.upload(HTML, "a.txt", "text/plain"));
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  const disposition = headers.get("content-disposition") ?? "";
  if (!disposition.startsWith("attachment")) expect(headers.get("content-type")).toMatch(/^text\/plain/);
});

test.each([
  ["a path", "../../etc/passwd"],
  ["an absolute path", "/etc/passwd"],
  ["a path of another system", "..\\..\\boot.ini"],
  ["300 characters", "n".repeat(300)],
  ["256 characters", "ü".repeat(256)],
  ["nothing", ""],
  ["a NUL", "a\u0000b.png"],
  ["a bell", "a\u0007b.png"],
  ["a delete", "a\u007fb.png"],
])("a name of %s is refused", async (_, name) => {
  expectProblem(await alice.rest.call("POST", "/files", form(name, PNG)), 400, "invalid_argument");
  expect(await alice.rest.upload(PNG, "all is well.png", "image/png")).toMatchObject({ status: 201 });
});

test.each([
  ["dots and spaces", " .. "],
  ["255 characters", "𝄞".repeat(255)],
  ["names of JavaScript's own things", "__proto__"],
  ["quotes", 'a"b; filename=c'],
  ["a percent sign", "%2e%2e%2f"],
])("a name of %s harms nobody", async (_, name) => {
  const answer = await alice.rest.call("POST", "/files", form(name, PNG));
  expect([201, 400]).toContain(answer.status);
  if (answer.status !== 201) return;
  const { status, headers } = await download(answer.body as Uploaded);
  expect(status).toBe(200);
  expect(headers.get("content-disposition")).not.toMatch(/[\r\n]/);
  for (const file of await stack().filesOnDisk()) expect(file).not.toContain("proto");
});

test.each<[what: string, call: () => Call, status: number]>([
  ["JSON", () => ({ body: { file: "x" } }), 415],
  ["nothing", () => ({}), 415],
  ["a form without a file", () => ({ body: named("other") }), 400],
  ["a form whose file is a text", () => ({ body: textForm() }), 400],
  ["a multipart body without a boundary", () => raw("multipart/form-data", "--x\r\n"), 400],
  ["a multipart body that is none", () => raw("multipart/form-data; boundary=x", "garbage"), 400],
  [
    "a multipart body cut off",
    () => raw("multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="file"; filen'),
    400,
  ],
  [
    "a file cut off",
    () => raw("multipart/form-data; boundary=x", `${head("x")}the beginning of it, and no end`),
    400,
  ],
])("an upload of %s is refused", async (_, call, status) => {
  expectProblem(await alice.rest.call("POST", "/files", call()), status, "invalid_argument");
  expect(await alice.rest.upload(PNG, "all is well.png", "image/png")).toMatchObject({ status: 201 });
});

const raw = (type: string, body: string): Call => ({ body, headers: { "content-type": type } });

/** The head of a part that is a file. */
const head = (boundary: string, name = "a.bin") =>
  `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;

/** A form by hand, whose name no library has put right. */
function form(name: string, bytes: Buffer): Call {
  const quoted = name.replaceAll('"', "%22");
  const body = Buffer.concat([
    Buffer.from(head("by-hand", quoted)),
    bytes,
    Buffer.from("\r\n--by-hand--\r\n"),
  ]);
  return { body, headers: { "content-type": "multipart/form-data; boundary=by-hand" } };
}

function named(field: string): FormData {
  const form = new FormData();
  form.append(field, new Blob(["x"]), "x.bin");
  return form;
}

function textForm(): FormData {
  const form = new FormData();
  form.append("file", "just a text");
  return form;
}
