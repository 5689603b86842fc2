/** The calls that go over the live connection, typed. */

import { Refused } from "./errors";
import { WireError } from "./guards";
import type { Transport } from "./transport";
import * as wire from "./wire";

/** What is sent of a message. */
export interface Outgoing {
  readonly clientMsgId: string;
  readonly roomId: string;
  readonly text: string;
  readonly sentAtClient: string;
  /** A file that was uploaded before. */
  readonly file?: { readonly fileId: string };
}

/** Sends a message. A rejection is an answer, not an error. Errors: `NoAnswer`, `WireError`. */
export async function sendMessage(transport: Transport, outgoing: Outgoing): Promise<wire.Ack> {
  const { clientMsgId, roomId } = outgoing;
  const answer = await transport.call("message_send", outgoing);
  const ack = wire.ack(answer, "message_ack");
  if (ack.status !== "rejected" && (ack.clientMsgId !== clientMsgId || ack.roomId !== roomId)) {
    throw new WireError("message_ack", "the answer to what was sent");
  }
  return ack;
}

/** Reads what follows `afterSeq`. Errors: `Refused`, `NoAnswer`, `WireError`. */
export async function resync(transport: Transport, roomId: string, afterSeq: number): Promise<wire.Page> {
  const answer = await asked(transport, "message_resync", { roomId, afterSeq, limit: 200 });
  const page = wire.page(answer, "message_resync");
  if (page.roomId !== roomId || page.afterSeq !== afterSeq)
    throw new WireError("message_resync", "the page asked for");
  return page;
}

/** Tells how far the user has read a room. Errors: `Refused`, `NoAnswer`, `WireError`. */
export async function markRead(transport: Transport, roomId: string, seq: number): Promise<void> {
  await asked(transport, "mark_read", { roomId, seq });
}

/** Tells the others of a room whether the user is writing. Errors: `Refused`, `NoAnswer`, `WireError`. */
export async function sendTyping(transport: Transport, roomId: string, isTyping: boolean): Promise<void> {
  await asked(transport, "typing", { roomId, isTyping });
}

async function asked(transport: Transport, event: string, payload: object): Promise<unknown> {
  const answer = await transport.call(event, payload);
  if (wire.callback(answer, event).ok) return answer;
  const { error } = wire.callbackError(answer, event);
  throw new Refused(error.code, error.message, error.retryAfterMs);
}
