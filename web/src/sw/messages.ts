/** What pages and their service worker say to each other. Both sides may be of another version: what they do not know is nothing to them. */

/** A notification to show where nobody is looking. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  /** The page that a click on it opens. */
  readonly path: string;
  /** What it is about: there is one notification of each tag, the last one. */
  readonly tag: string;
}

/** From a page. */
export interface NotifyMessage extends Notice {
  readonly kind: "notify";
}

/** To the page that a click on a notification brings up: it shows `path`. */
export interface OpenMessage {
  readonly kind: "open";
  readonly path: string;
}

export function isNotify(value: unknown): value is NotifyMessage {
  return hasTexts(value, "title", "body", "path", "tag") && value["kind"] === "notify";
}

export function isOpen(value: unknown): value is OpenMessage {
  return hasTexts(value, "path") && value["kind"] === "open";
}

function hasTexts(value: unknown, ...names: string[]): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map(Object.entries(value));
  return names.every((name) => typeof fields.get(name) === "string");
}
