/** A load of messages, sent the way the contract asks of clients: the same id again until it is stored. */

import { onTestFinished } from "vitest";
import type { Client } from "./client";
import { pause } from "./until";
import type { Ack, Called } from "./wire";

/** Sends at once of {@link fill}: below what the gateway keeps for one socket. */
const IN_FLIGHT = 50;

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

/** Sends texts in this order, many at a time, and waits until all are stored. */
export async function fill(client: Client, roomId: string, texts: readonly string[]): Promise<void> {
  for (let at = 0; at < texts.length; at += IN_FLIGHT) {
    const answers = await Promise.all(
      texts.slice(at, at + IN_FLIGHT).map((text) => client.send(roomId, text)),
    );
    const refused = answers.find(({ ok }) => !ok);
    if (refused !== undefined) throw new Error(`refused: ${JSON.stringify(refused)}`);
  }
}
