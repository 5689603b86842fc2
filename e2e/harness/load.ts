/** A load of messages, sent the way the contract asks of clients: the same id again until it is stored. */

import type { Client } from "./client";
import { pause } from "./until";
import type { Ack, Called } from "./wire";

export interface Load {
  /** The acknowledgements so far. */
  acks: Called<Ack>[];
  /** Completes when everything is stored. */
  done: Promise<unknown>;
}

/** Each client sends so many messages into a room, one after the other. */
export function startLoad(clients: Client[], room: string, each: number): Load {
  const acks: Called<Ack>[] = [];
  const work = async (client: Client, who: number): Promise<void> => {
    for (const count of upTo(each))
      acks.push(await sendUntilStored(client, client.draft(room, `${who}: ${count}`)));
  };
  return { acks, done: Promise.all(clients.map(work)) };
}

/** Sends until it is stored. Fails where the answer says that trying again is no use. */
export async function sendUntilStored(
  client: Client,
  draft: ReturnType<Client["draft"]>,
): Promise<Called<Ack>> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const answer = await client.ask("message_send", draft).catch(() => undefined);
    if (answer?.ok) return answer;
    if (answer?.retryable === false) throw new Error(`refused: ${JSON.stringify(answer)}`);
    await pause(answer?.retryAfterMs ?? 100);
  }
  throw new Error(`never stored: ${JSON.stringify(draft)}`);
}

/** 1, 2, 3, … */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
