/** Uploads of files. In a browser over XMLHttpRequest: `fetch` does not tell how much of a body has left. */

import { NoAnswer } from "./errors";
import { refusal } from "./problem";
import type { PendingFile } from "./store";
import { realTimers, type Timers } from "./timing";
import * as wire from "./wire";

export interface UploadOptions {
  /** Gives the upload up; it then fails with `NoAnswer`. */
  readonly signal: AbortSignal;
  /** Called with the share of the file that has left, 0 to 1. */
  readonly progress: (share: number) => void;
}

/** Uploads a file and gives the server's name of it. Errors: `Refused`, `NoAnswer`, `WireError`. */
export type Upload = (file: PendingFile, options: UploadOptions) => Promise<wire.FileRef>;

/** How long an upload may stand still. */
const STALL_MS = 30_000;

/** The form in which the server takes a file, with its name and its type. */
export function uploadForm({ name, mimeType, content }: PendingFile): FormData {
  const form = new FormData();
  form.append("file", content.type === mimeType ? content : new Blob([content], { type: mimeType }), name);
  return form;
}

/** Uploads to where the page comes from, for as long as it moves. The session's cookie goes along by itself. */
export function xhrUpload(timers: Timers = realTimers): Upload {
  return async (file, options) => answer(await post(uploadForm(file), options, timers));
}

/** Gives back the request when it is answered. Errors: `NoAnswer`. */
function post(form: FormData, { signal, progress }: UploadOptions, timers: Timers): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let unwatch = timers.after(STALL_MS, giveUp);
    function settled() {
      unwatch();
      signal.removeEventListener("abort", giveUp);
    }
    function fail() {
      settled();
      reject(new NoAnswer("/files"));
    }
    function giveUp() {
      request.abort();
      fail();
    }
    request.upload.onprogress = ({ loaded, total }) => {
      unwatch();
      unwatch = timers.after(STALL_MS, giveUp);
      if (total > 0) progress(loaded / total);
    };
    request.onerror = fail;
    request.onload = () => {
      settled();
      resolve(request);
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp);
    request.open("POST", "/files");
    request.send(form);
  });
}

function answer(request: XMLHttpRequest): wire.FileRef {
  const content = json(request.responseText);
  if (request.status >= 400) {
    throw refusal(request.status, request.statusText, request.getResponseHeader("retry-after"), content);
  }
  return wire.fileRef(content, "/files");
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
