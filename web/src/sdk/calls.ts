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
}

/** Sends a message. A rejection is an answer, not an error. Errors: `NoAnswer`, `WireError`. */
export async function sendMessage(transport: Transport, outgoing: Outgoing): Promise<wire.Ack> {
  const { clientMsgId, roomId, text, sentAtClient } = outgoing;
  const answer = await transport.call("message_send", { clientMsgId, roomId, text, sentAtClient });
  const ack = wire.ack(answer, "message_ack");
  if (ack.status !== "rejected" && (ack.clientMsgId !== clientMsgId || ack.roomId !== roomId)) {
    throw new WireError("message_ack", "the answer to what was sent");
  }
  return ack;
}

/** Reads what follows `afterSeq`. Errors: `Refused`, `NoAnswer`, `WireError`. */
export async function resync(transport: Transport, roomId: string, afterSeq: number): Promise<wire.Page> {
  const answer = await transport.call("message_resync", { roomId, afterSeq, limit: 200 });
  if (!wire.callback(answer, "message_resync").ok) {
    const { error } = wire.callbackError(answer, "message_resync");
    throw new Refused(error.code, error.message, error.retryAfterMs);
  }
  const page = wire.page(answer, "message_resync");
  if (page.roomId !== roomId || page.afterSeq !== afterSeq)
    throw new WireError("message_resync", "the page asked for");
  return page;
}
