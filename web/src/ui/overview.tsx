import { Card } from "./card";
import { listing, nameOf, unsent } from "./client";
import { FriendRequests, Friends } from "./friends";
import { Header } from "./header";
import { Invites } from "./invites";
import { NewRoom } from "./new-room";
import { directPath, entryPath, peerIn, roomPath } from "./routes";
import { t } from "./texts";

/** Where one starts: who asks, who is there, and a new room. */
export function Overview({ me }: { me: string }) {
  return (
    <main class="main">
      <Header title={t.value.overview} />
      <div class="page">
        <div class="asking">
          <Unsent me={me} />
          <Invites />
          <FriendRequests />
        </div>
        <Friends me={me} />
        <NewRoom />
      </div>
    </main>
  );
}

/** Rooms with messages that the server refused: one may not be in them any more, and so not see them elsewhere. */
function Unsent({ me }: { me: string }) {
  const failed = unsent.value.filter(({ state }) => state === "failed").map(({ roomId }) => roomId);
  if (failed.length === 0) return null;
  return (
    <Card title={t.value.notSentTitle}>
      <ul class="plain">
        {[...new Set(failed)].map((roomId) => (
          <li key={roomId}>
            <RoomLink roomId={roomId} me={me} />:{" "}
            {t.value.notSent(failed.filter((one) => one === roomId).length)}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Leads to a room by what it is called, also where the user is not in it any more. */
function RoomLink({ roomId, me }: { roomId: string; me: string }) {
  const entry = listing.value.rooms.find((one) => one.roomId === roomId);
  const peer = peerIn(roomId, me);
  const path = peer === undefined ? roomPath(roomId) : directPath(peer);
  return (
    <a class="link" href={entry === undefined ? path : entryPath(entry)}>
      <bdi>{entry?.title ?? (peer === undefined ? roomId : nameOf(peer))}</bdi>
    </a>
  );
}
