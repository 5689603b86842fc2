/** A load of messages, sent the way the contract asks of clients: the same id again until it is stored. */

import { onTestFinished } from "vitest";
import type { Client } from "./client";
import { pause } from "./until";
import type { Ack, Called } from "./wire";

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

/** Sends texts at a pace, however long the answers take, until it is told to stop; that gives the answers. */
export function sendSteadily(client: Client, roomId: string, everyMs: number): () => Promise<Called<Ack>[]> {
  const answers: Promise<Called<Ack>>[] = [];
  const timer = setInterval(() => answers.push(client.send(roomId, `text ${answers.length + 1}`)), everyMs);
  onTestFinished(() => clearInterval(timer));
  return () => {
    clearInterval(timer);
    return Promise.all(answers);
  };
}

/** 1, 2, 3, … */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
