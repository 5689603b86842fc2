/** Uploads of files. In a browser over XMLHttpRequest: `fetch` does not tell how much of a body has left. */

import { NoAnswer } from "./errors";
import { json, refusal } from "./problem";
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

export interface XhrUploadOptions {
  /** Where the gateway is; nothing where the page comes from there. */
  readonly url?: string;
  /** Shown with each upload; nothing where there is a cookie, which goes along by itself. */
  readonly token?: string;
  readonly timers?: Timers;
}

/** Uploads for as long as it moves. */
export function xhrUpload({ url = "", token, timers = realTimers }: XhrUploadOptions = {}): Upload {
  const begin = () => {
    const request = new XMLHttpRequest();
    request.open("POST", `${url}/files`);
    if (token !== undefined) request.setRequestHeader("authorization", `Bearer ${token}`);
    return request;
  };
  return async (file, options) => answer(await post(begin(), uploadForm(file), options, timers));
}

/** Sends the form, and gives back the request when it is answered. Errors: `NoAnswer`. */
function post(
  request: XMLHttpRequest,
  form: FormData,
  { signal, progress }: UploadOptions,
  timers: Timers,
): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
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
