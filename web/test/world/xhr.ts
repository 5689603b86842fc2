type Progress = { readonly loaded: number; readonly total: number };

/** As much of the browser's XMLHttpRequest as an upload uses; the test plays the network. */
export class PlatformRequest {
  static made: PlatformRequest[] = [];
  static last(): PlatformRequest {
    const last = this.made.at(-1);
    if (last === undefined) throw new Error("no request was made");
    return last;
  }

  readonly upload: { onprogress?: (progress: Progress) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  asked: string[] = [];
  /** The headers that were sent. */
  readonly headers: Record<string, string> = {};
  form: FormData | undefined;
  isAborted = false;
  status = 0;
  statusText = "";
  responseText = "";
  #headers: Record<string, string> = {};

  constructor() {
    PlatformRequest.made.push(this);
  }

  open(method: string, url: string): void {
    this.asked = [method, url];
  }
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
  send(form: FormData): void {
    this.form = form;
  }
  abort(): void {
    this.isAborted = true;
  }
  getResponseHeader(name: string): string | null {
    return this.#headers[name] ?? null;
  }

  moves(loaded: number, total: number): void {
    this.upload.onprogress?.({ loaded, total });
  }
  answers(status: number, body: string, headers: Record<string, string> = {}): void {
    this.status = status;
    this.responseText = body;
    this.#headers = headers;
    this.onload?.();
  }
  breaks(): void {
    this.onerror?.();
  }
}
