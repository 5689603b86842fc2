import { useEffect, useState } from "preact/hooks";
import { items, type Timeline } from "../sdk/timeline";
import { Article } from "./article";
import { Composer } from "./composer";
import { Header } from "./header";
import { Log } from "./log";
import { Members } from "./members";
import { Missing } from "./missing";
import { rowsOf } from "./rows";
import { follow, listing, members, room } from "./state";
import { texts } from "./texts";

/** One room: what was said, who is there, and a place to write. */
export function Room({ roomId }: { roomId: string }) {
  const [showsMembers, setShowsMembers] = useState(false);
  useEffect(() => follow(roomId), [roomId]);

  const title = listing.value.rooms.find((one) => one.roomId === roomId)?.title ?? roomId;
  useEffect(() => {
    document.title = `${title} · ${texts.product}`;
    return () => (document.title = texts.product);
  }, [title]);

  const view = room.value;
  if (view?.isGone === true) {
    return (
      <Missing title={texts.unknownRoom(roomId)} hint={texts.unknownRoomHint}>
        <Unsent timeline={view.timeline} />
      </Missing>
    );
  }
  const count = typeof members.value === "object" ? members.value.length : undefined;
  return (
    <main class="main room" data-members={showsMembers}>
      <Header title={title}>
        <button
          class="toggle"
          type="button"
          aria-expanded={showsMembers}
          aria-controls="members"
          aria-label={texts.members}
          title={texts.members}
          onClick={() => setShowsMembers(!showsMembers)}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 13.5c.3-2.3 2-3.5 4.5-3.5s4.2 1.2 4.5 3.5M11 8a2.2 2.2 0 0 0 0-4.2M12.3 10.2c1.3.4 2 1.5 2.2 3.3" />
          </svg>
          {count}
        </button>
      </Header>
      <div class="talk">
        <Log title={title} view={view} />
        <Composer roomId={roomId} title={title} />
      </div>
      <Members roomId={roomId} />
    </main>
  );
}

/** What was written for a room that one is not in any more: not lost, and for its author to delete. */
function Unsent({ timeline }: { timeline: Timeline }) {
  return (
    <div class="unsent">
      {rowsOf(items(timeline), timeline.userId).map((row) => (
        <Article key={row.key} row={row} name={texts.you} isOwn={true} />
      ))}
    </div>
  );
}
