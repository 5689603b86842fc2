import { useEffect, useLayoutEffect } from "preact/hooks";
import { useAction } from "./action";
import { follow, listing, nameOf, refresh, rest, room, status } from "./client";
import { Header } from "./header";
import { Missing } from "./missing";
import { Gone, Talk } from "./room";
import { isThere } from "./presence";
import { directRoomId } from "./routes";
import { Problem } from "./problem";
import { errorText, t } from "./texts";

interface DirectProps {
  /** The user. */
  readonly me: string;
  readonly peerUserId: string;
}

/** A conversation with one other; begun where there is none yet. */
export function Direct({ me, peerUserId }: DirectProps) {
  const { rooms, friends, isFresh } = listing.value;
  const roomId = directRoomId(me, peerUserId);
  const isBegun = rooms.some((one) => one.roomId === roomId);
  const isFriend = friends.some(({ userId }) => userId === peerUserId);
  const start = useAction(async () => {
    await rest.startDirect(peerUserId);
    refresh();
  });
  useEffect(() => {
    if (isFresh && !isBegun) start.start();
  }, [isFresh, isBegun, isFriend]);
  if (isBegun) return <Conversation roomId={roomId} peerUserId={peerUserId} />;
  if (start.code !== undefined)
    return <Refused code={start.code} peerUserId={peerUserId} onRetry={start.start} />;
  const title = nameOf(peerUserId);
  const hint = status.value === "offline" ? t.value.notKept : t.value.loadingMessages;
  return <Missing title={title} hint={hint} />;
}

function Conversation({ roomId, peerUserId }: { roomId: string; peerUserId: string }) {
  const title = nameOf(peerUserId);
  const isOnline = isThere(peerUserId);
  const note = isOnline === true ? t.value.online : t.value.offline;
  useLayoutEffect(() => follow(roomId), [roomId]);
  if (room.value?.isGone === true) return <Gone title={title} timeline={room.value.timeline} />;
  return (
    <main class="main direct">
      <Header title={title} note={isOnline === undefined ? undefined : note} />
      <Talk
        roomId={roomId}
        placeholder={t.value.messageToPerson(title)}
        beginning={t.value.beginningWith(title)}
        isCovered={false}
      />
    </main>
  );
}

interface RefusedProps {
  readonly code: string;
  readonly peerUserId: string;
  readonly onRetry: () => void;
}

/** Why there is no conversation with somebody. */
function Refused({ code, peerUserId, onRetry }: RefusedProps) {
  const name = nameOf(peerUserId);
  const ask = useAction(async () => {
    await rest.askFriend(peerUserId).finally(refresh);
  });
  const isAsked = listing.value.outgoing.some(({ toUserId }) => toUserId === peerUserId);
  switch (code) {
    case "not_friends":
      return (
        <Missing title={t.value.notFriends(name)} hint={t.value.notFriendsHint}>
          <Problem code={ask.code} />
          {isAsked ? (
            <p>{t.value.asked(name)}</p>
          ) : (
            <button class="primary" type="button" disabled={ask.busy} onClick={() => ask.start()}>
              {t.value.addFriend}
            </button>
          )}
        </Missing>
      );
    case "not_found":
    case "invalid_argument":
      return <Missing title={t.value.nobody(peerUserId)} hint={t.value.nobodyHint} />;
    case "failed_precondition":
      return <Missing title={t.value.yourself} hint={t.value.yourselfHint} />;
    default:
      return (
        <Missing title={t.value.directFailed} hint={errorText(code)}>
          <button class="primary" type="button" onClick={onRetry}>
            {t.value.tryAgain}
          </button>
        </Missing>
      );
  }
}
