import type { Me, RoomEntry } from "../sdk/wire";
import { route } from "./account";
import { Avatar } from "./avatar";
import { draft, draftOf, listing, nameOf } from "./client";
import { shortTime } from "./format";
import { entryPath } from "./routes";
import { said } from "./said";
import { t } from "./texts";

/** The user's rooms, by name, each with what happened last. */
export function RoomList({ me }: { me: Me }) {
  const { loaded, rooms } = listing.value;
  const channels = rooms.filter(({ type }) => type === "channel");
  const sorted = channels.sort((one, other) => one.title.localeCompare(other.title));
  return (
    <nav class="rooms" aria-label={t.value.rooms}>
      <h2>{t.value.rooms}</h2>
      {loaded && sorted.length === 0 && <p class="quiet none">{t.value.noRooms}</p>}
      <Entries entries={sorted} me={me} />
    </nav>
  );
}

/** The user's conversations with one other, the latest first. */
export function DirectList({ me }: { me: Me }) {
  const { loaded, rooms } = listing.value;
  const directs = rooms.filter(({ type }) => type === "dm");
  const latest = (entry: RoomEntry) => entry.lastMessage?.sentAt ?? "";
  const sorted = directs.sort((one, other) => latest(other).localeCompare(latest(one)));
  return (
    <nav class="rooms" aria-label={t.value.directMessages}>
      <h2>{t.value.directMessages}</h2>
      {loaded && sorted.length === 0 && <p class="quiet none">{t.value.noDirects}</p>}
      <Entries entries={sorted} me={me} />
    </nav>
  );
}

function Entries({ entries, me }: { entries: readonly RoomEntry[]; me: Me }) {
  return (
    <ul>
      {entries.map((entry) => (
        <li key={entry.roomId}>
          <Entry me={me} entry={entry} />
        </li>
      ))}
    </ul>
  );
}

function Entry({ me, entry }: { me: Me; entry: RoomEntry }) {
  const { roomId, title, peerUserId, unreadCount: count, lastMessage: last } = entry;
  const shown = route.value;
  const isOpen =
    (shown.page === "room" && shown.roomId === roomId) ||
    (shown.page === "direct" && shown.peerUserId === peerUserId);
  return (
    <a
      class="entry"
      href={entryPath(entry)}
      aria-current={isOpen ? "page" : undefined}
      data-unread={count > 0}
    >
      {peerUserId === undefined ? (
        <span class="hash" aria-hidden="true">
          #
        </span>
      ) : (
        <Avatar id={peerUserId} name={title} isOnline={listing.value.online.has(peerUserId)} />
      )}
      <span class="title">
        {title}
        {peerUserId !== undefined && listing.value.online.has(peerUserId) && (
          <span class="unseen"> {t.value.online}</span>
        )}
      </span>
      {last !== undefined && <time datetime={last.sentAt}>{shortTime(last.sentAt, new Date())}</time>}
      <span class="last">
        <Preview me={me} entry={entry} isOpen={isOpen} />
      </span>
      {count > 0 && (
        <span class="badge" role="img" aria-label={t.value.newMessages(count)}>
          {count > 99 ? "99+" : count}
        </span>
      )}
    </a>
  );
}

/** What stands in the composer and is not sent goes before what was said last. */
function Preview({ me, entry, isOpen }: { me: Me; entry: RoomEntry; isOpen: boolean }) {
  // Drawn again when the draft of the room on screen changes, as it does when another room is opened.
  const { text } = isOpen ? draft.value : draftOf(entry.roomId);
  if (!isOpen && text.trim() !== "") {
    return (
      <>
        <em>{t.value.draft}</em> {text}
      </>
    );
  }
  const last = entry.lastMessage;
  if (last === undefined) return <>{t.value.noMessages}</>;
  const author = last.userId === me.userId ? t.value.you : nameOf(last.userId);
  const isPeer = last.userId === entry.peerUserId;
  return <>{isPeer ? said(last) : t.value.said(author, said(last))}</>;
}
