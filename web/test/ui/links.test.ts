import { expect, it } from "vitest";
import { pathInside } from "../../src/ui/links";

const HERE = "https://chat.example";
const click = {
  altKey: false,
  button: 0,
  ctrlKey: false,
  defaultPrevented: false,
  metaKey: false,
  shiftKey: false,
};

function link(href: string, attributes: { target?: string; download?: string } = {}) {
  const { origin, pathname, search } = new URL(href, HERE);
  const hasAttribute = (name: string) => Object.hasOwn(attributes, name);
  return { origin, pathname, search, target: attributes.target ?? "", hasAttribute };
}

it("a plain click on a link to one of our pages shows it", () => {
  for (const path of ["/a/lobby", "/b/bob", "/rt", "/settings", "/login?next=%2Fa%2Flobby"])
    expect(pathInside(link(path), click, HERE)).toBe(path);
});

it("a download, a page of others and what is no page of ours are the browser's", () => {
  expect(pathInside(link("/files/1", { download: "notes.txt" }), click, HERE)).toBeUndefined();
  expect(pathInside(link("/a/lobby", { download: "" }), click, HERE)).toBeUndefined();
  expect(pathInside(link("/files/1"), click, HERE)).toBeUndefined();
  expect(pathInside(link("/a/lobby", { target: "_blank" }), click, HERE)).toBeUndefined();
  expect(pathInside(link("https://other.example/a/lobby"), click, HERE)).toBeUndefined();
});

it("who asks for a new tab, or has had an answer, gets no other", () => {
  const others = [
    { ctrlKey: true },
    { metaKey: true },
    { shiftKey: true },
    { altKey: true },
    { button: 1 },
    { defaultPrevented: true },
  ];
  for (const other of others) expect(pathInside(link("/rt"), { ...click, ...other }, HERE)).toBeUndefined();
});
