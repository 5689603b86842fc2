import { useEffect, useState } from "preact/hooks";
import { items, type Timeline } from "../sdk/timeline";
import { Announcer } from "./announcer";
import { Article } from "./article";
import { follow, listing, refresh, rest, room, roster } from "./client";
import { Composer } from "./composer";
import { Dropping } from "./dropping";
import { Header } from "./header";
import { Icon } from "./icon";
import { Log } from "./log";
import { Members } from "./members";
import { Missing } from "./missing";
import { navigate } from "./router";
import { overviewPath } from "./routes";
import { rowsOf } from "./rows";
import { t } from "./texts";
import { Typing } from "./typing";

/** One room of many: what was said, who is there, and a place to write. */
export function Room({ roomId }: { roomId: string }) {
  const [showsMembers, setShowsMembers] = useState(false);
  const title = listing.value.rooms.find((one) => one.roomId === roomId)?.title ?? roomId;
  const { members } = roster.value;
  const leave = async () => {
    await rest.leaveRoom(roomId);
    refresh();
    navigate(overviewPath);
  };
  useEffect(() => follow(roomId), [roomId]);
  if (room.value?.isGone === true) return <Gone title={title} timeline={room.value.timeline} />;
  return (
    <main class="main room" data-members={showsMembers}>
      <Header title={title}>
        <button
          class="toggle"
          type="button"
          aria-expanded={showsMembers}
          aria-controls="members"
          title={t.value.members}
          onClick={() => setShowsMembers(!showsMembers)}
        >
          <Icon name="people" />
          <span class="unseen">{t.value.members}</span>
          {typeof members === "object" && <span aria-hidden="true">{members.length}</span>}
        </button>
      </Header>
      <Talk roomId={roomId} title={title} />
      <Members roomId={roomId} title={title} onLeave={leave} />
    </main>
  );
}

/** What was said in a room, and where one writes to it. */
export function Talk({ roomId, title }: { roomId: string; title: string }) {
  return (
    <Dropping roomId={roomId}>
      <Log key={roomId} roomId={roomId} title={title} view={room.value} />
      <Typing />
      <Composer roomId={roomId} title={title} />
      <Announcer />
    </Dropping>
  );
}

/** Instead of a room that one is not in. What was written for it is not lost, and for its author to delete. */
export function Gone({ title, timeline }: { title: string; timeline: Timeline }) {
  const rows = rowsOf(items(timeline), timeline.userId);
  return (
    <Missing title={t.value.unknownRoom(title)} hint={t.value.unknownRoomHint}>
      {rows.length > 0 && (
        <div class="unsent">
          {rows.map((row) => (
            <Article key={row.key} row={row} name={t.value.you} isOwn={true} readers={[]} />
          ))}
        </div>
      )}
    </Missing>
  );
}
