import { useEffect } from "preact/hooks";
import { useAction } from "./action";
import { follow, listing, nameOf, refresh, rest, room, status } from "./client";
import { Header } from "./header";
import { Missing } from "./missing";
import { Gone, Talk } from "./room";
import { directRoomId } from "./routes";
import { errorText, t } from "./texts";

interface DirectProps {
  /** The user. */
  readonly me: string;
  readonly peerUserId: string;
}

/** A conversation with one other; begun where there is none yet. */
export function Direct({ me, peerUserId }: DirectProps) {
  const { rooms, isFresh } = listing.value;
  const roomId = directRoomId(me, peerUserId);
  const isThere = rooms.some((one) => one.roomId === roomId);
  const start = useAction(async () => {
    await rest.startDirect(peerUserId);
    refresh();
  });
  useEffect(() => {
    if (isFresh && !isThere) start.start();
  }, [isFresh, isThere]);
  if (isThere) return <Conversation roomId={roomId} peerUserId={peerUserId} />;
  if (start.code !== undefined) return <Refused code={start.code} peerUserId={peerUserId} />;
  const title = nameOf(peerUserId);
  const hint = status.value === "offline" ? t.value.notKept : t.value.loadingMessages;
  return <Missing title={title} hint={hint} />;
}

function Conversation({ roomId, peerUserId }: { roomId: string; peerUserId: string }) {
  const title = nameOf(peerUserId);
  const isOnline = listing.value.online.has(peerUserId);
  useEffect(() => follow(roomId), [roomId]);
  if (room.value?.isGone === true) return <Gone title={title} timeline={room.value.timeline} />;
  return (
    <main class="main direct">
      <Header title={title} note={isOnline ? t.value.online : t.value.offline} />
      <Talk roomId={roomId} title={title} />
    </main>
  );
}

/** Why there is no conversation with somebody. */
function Refused({ code, peerUserId }: { code: string; peerUserId: string }) {
  const name = nameOf(peerUserId);
  const ask = useAction(async () => {
    await rest.askFriend(peerUserId).finally(refresh);
  });
  const isAsked = listing.value.outgoing.some(({ toUserId }) => toUserId === peerUserId);
  switch (code) {
    case "not_friends":
      return (
        <Missing title={t.value.notFriends(name)} hint={t.value.notFriendsHint}>
          {ask.code !== undefined && (
            <p class="problem" role="alert">
              {errorText(ask.code)}
            </p>
          )}
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
      return <Missing title={t.value.directFailed} hint={errorText(code)} />;
  }
}
