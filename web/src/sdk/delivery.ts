/** One try to get one message to the server: its file first, then the message that names it. */

import type { Outgoing } from "./calls";
import { isPassing, Refused } from "./errors";
import type { Entry, PendingFile } from "./store";
import type { Receipt } from "./tabs";
import type { Upload, UploadOptions } from "./upload";
import type { Ack, FileRef } from "./wire";

/** What one try came to. */
export type Outcome =
  | { readonly kind: "stored"; readonly receipt: Receipt }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string }
  /** It may succeed later. */
  | { readonly kind: "again"; readonly failure: unknown }
  /** The server has the file no more: it removes one that was sent nowhere for a day. */
  | { readonly kind: "file gone"; readonly detail: string }
  | { readonly kind: "unauthenticated" };

/** What an upload came to: the file's name at the server, or the end of this try. */
export type Uploaded = FileRef | Outcome;

/** Uploads a file, for as long as `signal` allows. */
export async function tryUpload(
  upload: Upload,
  file: PendingFile,
  options: UploadOptions,
): Promise<Uploaded> {
  try {
    return await upload(file, options);
  } catch (error) {
    if (!(error instanceof Refused) || isPassing(error)) return { kind: "again", failure: error };
    if (error.code === "unauthenticated") return { kind: "unauthenticated" };
    return { kind: "failed", code: error.code, detail: error.message };
  }
}

/** Sends a message, whose file, if it has one, is uploaded. */
export async function trySend(send: (outgoing: Outgoing) => Promise<Ack>, entry: Entry): Promise<Outcome> {
  const { clientMsgId, roomId, text, sentAtClient } = entry;
  const fileId = entry.file?.fileId;
  const file = fileId === undefined ? {} : { file: { fileId } };
  let ack: Ack;
  try {
    ack = await send({ clientMsgId, roomId, text, sentAtClient, ...file });
  } catch (error) {
    return { kind: "again", failure: error };
  }
  if (ack.status !== "rejected") return { kind: "stored", receipt: { clientMsgId, roomId, seq: ack.seq } };
  if (ack.reason === "unauthenticated") return { kind: "unauthenticated" };
  if (ack.reason === "not_found" && fileId !== undefined) {
    return { kind: "file gone", detail: ack.message ?? "" };
  }
  const detail = ack.message ?? "";
  if (ack.retryable !== true) return { kind: "failed", code: ack.reason, detail };
  return { kind: "again", failure: new Refused(ack.reason, detail, ack.retryAfterMs) };
}
