/** What a message says, in one line. */

import type { Message } from "../sdk/wire";
import { t } from "./texts";

export function said({ text, file }: Pick<Message, "text" | "file">): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line === "" && file !== undefined ? t.value.lastFile(file.name) : line;
}
