import { Card } from "./card";
import { unsent } from "./client";
import { FriendRequests, Friends } from "./friends";
import { Header } from "./header";
import { Invites } from "./invites";
import { NewRoom } from "./new-room";
import { roomPath } from "./routes";
import { t } from "./texts";

/** Where one starts: who asks, who is there, and a new room. */
export function Overview({ me }: { me: string }) {
  return (
    <main class="main">
      <Header title={t.value.overview} />
      <div class="page">
        <Unsent />
        <Invites />
        <FriendRequests />
        <Friends me={me} />
        <NewRoom />
      </div>
    </main>
  );
}

/** Rooms with messages that the server refused: one may not be in them any more, and so not see them elsewhere. */
function Unsent() {
  const failed = unsent.value.filter(({ state }) => state === "failed").map(({ roomId }) => roomId);
  if (failed.length === 0) return null;
  return (
    <Card title={t.value.notSentTitle}>
      <ul class="plain">
        {[...new Set(failed)].map((roomId) => (
          <li key={roomId}>
            <a class="link" href={roomPath(roomId)}>
              {roomId}
            </a>
            : {t.value.notSent(failed.filter((one) => one === roomId).length)}
          </li>
        ))}
      </ul>
    </Card>
  );
}
