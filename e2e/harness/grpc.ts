/** The core's own surface, as a program sees it that has the `.proto` files and nothing else of ours. */

import { resolve } from "node:path";
import { Client, credentials, Metadata, type MethodDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const PROTO = resolve(import.meta.dirname, "../../proto");
const FILES = ["chat/v1/auth.proto", "chat/v1/chat.proto"];

/** What a call may take. */
const DEADLINE_MS = 5_000;

type Service = "AuthService" | "ChatService";

export class Grpc {
  readonly #client: Client;
  readonly #services = loadSync(FILES, { includeDirs: [PROTO], longs: Number });

  /** Calls go to HOST:PORT, without TLS. */
  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  /** A unary call. Fails with the status that it was refused with. */
  call(service: Service, name: string, request: object, token?: string): Promise<unknown> {
    const methods = this.#services[`chat.v1.${service}`] as
      Record<string, MethodDefinition<object, object>> | undefined;
    const method = methods?.[name];
    if (method === undefined) throw new Error(`there is no chat.v1.${service}/${name}`);
    const metadata = new Metadata();
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise((answered, failed) => {
      const done = (error: Error | null, answer?: object) =>
        error === null ? answered(answer) : failed(error);
      const options = { deadline: Date.now() + DEADLINE_MS };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        done,
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}
