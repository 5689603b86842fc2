import { useLayoutEffect, useState } from "preact/hooks";
import { hasOlder, items, type Timeline } from "../sdk/timeline";
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
import { useMedia } from "./media";

/** Where the members do not fit beside the log, as in the styles. */
const NARROW = "(max-width: 1020px)";

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
  const isCovered = useMedia(NARROW) && showsMembers;
  useLayoutEffect(() => follow(roomId), [roomId]);
  if (room.value?.isGone === true) return <Gone title={title} timeline={room.value.timeline} />;
  return (
    <main
      class="main room"
      data-members={showsMembers}
      onKeyDown={(event) => {
        if (event.key === "Escape") setShowsMembers(false);
      }}
    >
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
      <Talk
        roomId={roomId}
        placeholder={t.value.messageTo(title)}
        beginning={t.value.beginning(title)}
        isCovered={isCovered}
      />
      <Members roomId={roomId} title={title} onLeave={leave} />
    </main>
  );
}

interface TalkProps {
  readonly roomId: string;
  /** What stands in the empty composer. */
  readonly placeholder: string;
  /** What is said above the very first message. */
  readonly beginning: string;
  /** Whether the members stand over it. */
  readonly isCovered: boolean;
}

/** What was said in a room, and where one writes to it. */
export function Talk({ roomId, placeholder, beginning, isCovered }: TalkProps) {
  return (
    <Dropping roomId={roomId} isInert={isCovered}>
      <Log key={roomId} roomId={roomId} beginning={beginning} view={room.value} isCovered={isCovered} />
      <Typing />
      <Composer roomId={roomId} placeholder={placeholder} />
      <Announcer />
    </Dropping>
  );
}

/** Instead of a room that one is not in. What was written for it is not lost, and for its author to delete. */
export function Gone({ title, timeline }: { title: string; timeline: Timeline }) {
  const rows = rowsOf(items(timeline), timeline.userId, hasOlder(timeline));
  return (
    <Missing title={t.value.unknownRoom(title)} hint={t.value.unknownRoomHint}>
      {rows.length > 0 && (
        <div class="unsent">
          {rows.map((row) => (
            <Article key={row.key} row={row} name={t.value.you} isOwn={true} isSeen={false} readers={[]} />
          ))}
        </div>
      )}
    </Missing>
  );
}
