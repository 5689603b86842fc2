/** A gateway's front that serves later builds of the client: the same files under other names, and no longer under the old. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export class Rollout {
  /** Which build there is: 0 is the gateway's own. */
  build = 0;
  readonly #gateway: string;
  readonly #names: readonly string[];
  readonly #server: Server;

  private constructor(gateway: string, worker: string) {
    this.#gateway = gateway;
    this.#names = [...new Set(worker.match(/[\w-]+\.(?:js|css)\b/g))];
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(gateway: string): Promise<Rollout> {
    const rollout = new Rollout(gateway, await (await fetch(`${gateway}/sw.js`)).text());
    await new Promise<void>((resolve) => rollout.#server.listen(0, "127.0.0.1", resolve));
    return rollout;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The address of an asset of a build. */
  asset(build = this.build): string {
    return `/assets/${renamed(this.#names[0] ?? "", build)}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const known = this.#names.find((name) => path === `/assets/${renamed(name, this.build)}`);
    const asked = known === undefined && path.startsWith("/assets/") ? "/assets/none" : path;
    const accept = request.headers.accept ?? "*/*";
    const answer = await fetch(this.#gateway + (known === undefined ? asked : `/assets/${known}`), {
      headers: { accept },
    });
    const kind = answer.headers.get("content-type") ?? "";
    const isText = /^text\/(?:html|javascript)/.test(kind);
    response.writeHead(answer.status, { "content-type": kind, "cache-control": "no-cache" });
    response.end(isText ? this.#rebuilt(await answer.text()) : Buffer.from(await answer.arrayBuffer()));
  }

  #rebuilt(text: string): string {
    const versioned = text.replace(/version:(["'`])\w+\1/g, `version:"build-${this.build}"`);
    return this.#names.reduce((text, name) => text.replaceAll(name, renamed(name, this.build)), versioned);
  }
}

function renamed(name: string, build: number): string {
  return build === 0 ? name : name.replace(".", `-${build}.`);
}
