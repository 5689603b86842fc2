import type { ComponentChildren } from "preact";
import type { User } from "../sdk/wire";
import { Avatar } from "./avatar";
import { listing } from "./client";
import { t } from "./texts";

/** Somebody in a list: who, whether they are there where that is known, and what may be done. */
export function Person({
  user,
  note,
  children,
}: {
  user: User;
  note?: string;
  children?: ComponentChildren;
}) {
  const { friends, rooms, online } = listing.value;
  const isOnline = online.has(user.userId);
  const isKnown =
    isOnline ||
    friends.some(({ userId }) => userId === user.userId) ||
    rooms.some(({ peerUserId }) => peerUserId === user.userId);
  return (
    <div class="person">
      {isKnown ? (
        <Avatar id={user.userId} name={user.displayName} isOnline={isOnline} />
      ) : (
        <Avatar id={user.userId} name={user.displayName} />
      )}
      <span class="who">
        <span class="name">{user.displayName}</span>
        {(note !== undefined || user.displayName !== user.userId) && (
          <span class="quiet small">{note ?? user.userId}</span>
        )}
        {isKnown && <span class="unseen">{isOnline ? t.value.online : t.value.offline}</span>}
      </span>
      {children}
    </div>
  );
}
