/** Finds in a message's text what is set apart: code in blocks and lines, and addresses of the web. All else is text as it is. */

export type Part =
  | { readonly kind: "text" | "code" | "link"; readonly text: string }
  | { readonly kind: "block"; readonly text: string; readonly language: string };

/** Three backticks fence a block off, on lines of their own or within one; an optional word names its language. */
const BLOCK = /```(?:([\w+#.-]{1,20})?\n)?([\s\S]+?)```\n?/g;
const INLINE = /`([^`\n]+)`|\bhttps?:\/\/[^\s<>"`]+/g;
/** Signs that end a sentence rather than an address. */
const TRAILING = ".,:;!?'\"…。，、";
const CLOSING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** The parts of a text, in order; together they hold all of it but the fences. */
export function parse(text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(BLOCK)) {
    parts.push(...inline(text.slice(at, match.index)));
    parts.push({ kind: "block", text: (match[2] ?? "").replace(/\n$/, ""), language: match[1] ?? "" });
    at = match.index + match[0].length;
  }
  return [...parts, ...inline(text.slice(at))];
}

function inline(text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const code = match[1];
    const found = code === undefined ? address(match[0]) : match[0];
    if (found === "") continue;
    if (match.index > at) parts.push({ kind: "text", text: text.slice(at, match.index) });
    parts.push(code === undefined ? { kind: "link", text: found } : { kind: "code", text: code });
    at = match.index + found.length;
  }
  if (at < text.length) parts.push({ kind: "text", text: text.slice(at) });
  return parts;
}

/** A host of ASCII letters that ends in the midst of a word, as where a Korean particle follows it. */
const HOST = /^https?:\/\/(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?=([^ -~][^/?#]*))/i;

/** The address without the letters that follow its host; one that goes on to a domain of ASCII is a host with other letters. */
function withoutSuffix(found: string): string {
  const [host, rest = ""] = HOST.exec(found) ?? [];
  return host === undefined || /\.[a-z]{2,}(?::\d+)?$/i.test(rest) ? found : host;
}

/** The address without what the sentence around it adds; nothing where it is none. */
function address(match: string): string {
  const found = withoutSuffix(match);
  const surplus = new Map<string, number>();
  for (const [closing, opening] of Object.entries(CLOSING))
    surplus.set(closing, found.split(closing).length - found.split(opening).length);
  let end = found.length;
  for (; end > 0; end -= 1) {
    const sign = found.charAt(end - 1);
    // A closing bracket belongs to the address only where that opened it.
    const left = surplus.get(sign) ?? 0;
    if (left > 0) surplus.set(sign, left - 1);
    else if (!TRAILING.includes(sign)) break;
  }
  const link = found.slice(0, end);
  return URL.canParse(link) ? link : "";
}
