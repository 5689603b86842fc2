import type { Draft, NewFile } from "../../src/sdk/store";
import type { Me, Message } from "../../src/sdk/wire";

export function account(userId: string): Me {
  return { userId, displayName: userId.toUpperCase(), expiresAt: "2026-12-22T09:30:00.000Z" };
}

export function draft(userId: string, text: string, roomId = "lobby"): Draft {
  const sentAtClient = "2026-11-22T09:30:00.000Z";
  return { userId, roomId, clientMsgId: crypto.randomUUID(), text, sentAtClient };
}

export function file(name: string, content = name): NewFile {
  const blob = new Blob([content], { type: "text/plain" });
  return { name, mimeType: "text/plain", size: blob.size, content: blob };
}

/** Messages of a room, from one seq to another. */
export function messages(roomId: string, from: number, to: number): Message[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    id: `${roomId}-${from + index}`,
    clientMsgId: crypto.randomUUID(),
    seq: from + index,
    roomId,
    userId: "somebody",
    text: `text ${from + index}`,
    sentAt: "2026-11-22T09:30:00.000Z",
  }));
}
