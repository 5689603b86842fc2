/** What a message says, in one line. */

import { t } from "./texts";

/** More than this is not shown of a message in one line; it may have thousands. */
const START = /^.{0,200}/su;

interface Sayable {
  readonly text: string;
  readonly file?: { readonly name: string } | undefined;
}

export function said({ text, file }: Sayable): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  if (line === "" && file !== undefined) return t.value.lastFile(file.name);
  const [start = ""] = START.exec(line) ?? [];
  return start === line ? line : `${start}…`;
}
