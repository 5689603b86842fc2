/** Attaches files to what is being written, and says which cannot be. */

import { signal } from "@preact/signals";
import { attach, limits } from "./client";
import { fileSize } from "./format";
import { t } from "./texts";

/** What went wrong with the files last attached. */
export const attachProblem = signal<string | undefined>(undefined);

/** How many are being stored: what is sent meanwhile would leave them behind. */
export const attaching = signal(0);

/** Attaches those that are not too large. */
export function attachTo(roomId: string, files: readonly File[]): void {
  const { maxUploadBytes } = limits.value;
  const large = files.find(({ size }) => size > maxUploadBytes);
  attachProblem.value =
    large === undefined ? undefined : t.value.fileTooLarge(large.name, fileSize(maxUploadBytes));
  const fitting = files.filter(({ size }) => size <= maxUploadBytes);
  if (fitting.length === 0) return;
  attaching.value += 1;
  attach(roomId, fitting)
    .catch(() => (attachProblem.value = t.value.cannotAttach))
    .finally(() => (attaching.value -= 1));
}
