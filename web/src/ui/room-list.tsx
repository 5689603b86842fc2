import { memo } from "preact/compat";
import type { Me, RoomEntry } from "../sdk/wire";
import { route } from "./account";
import { Avatar } from "./avatar";
import { draftOf, listing, nameOf } from "./client";
import { shortTime } from "./format";
import { channelsOf, directsOf } from "./order";
import { isThere } from "./presence";
import { entryPath } from "./routes";
import { said } from "./said";
import { t } from "./texts";

/** The user's rooms, by name, each with what happened last. */
export function RoomList({ me }: { me: Me }) {
  const { loaded, rooms } = listing.value;
  const sorted = channelsOf(rooms);
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
  const sorted = directsOf(rooms);
  return (
    <nav class="rooms" aria-label={t.value.directMessages}>
      <h2>{t.value.directMessages}</h2>
      {loaded && sorted.length === 0 && <p class="quiet none">{t.value.noDirects}</p>}
      <Entries entries={sorted} me={me} />
    </nav>
  );
}

function Entries({ entries, me }: { entries: readonly RoomEntry[]; me: Me }) {
  const today = new Date().setHours(0, 0, 0, 0);
  return (
    <ul>
      {entries.map((entry) => (
        <li key={entry.roomId}>
          <Entry
            entry={entry}
            today={today}
            isOpen={isOpen(entry)}
            isOnline={entry.peerUserId === undefined ? undefined : isThere(entry.peerUserId)}
            unsent={unsentIn(entry)}
            author={authorOf(entry, me)}
          />
        </li>
      ))}
    </ul>
  );
}

function isOpen({ roomId, peerUserId }: RoomEntry): boolean {
  const { value } = route;
  return value.page === "room"
    ? value.roomId === roomId
    : value.page === "direct" && value.peerUserId === peerUserId;
}

/** What stands in the composer of a room that is not on screen, in one line. */
function unsentIn(entry: RoomEntry): string | undefined {
  if (isOpen(entry)) return undefined;
  const { text, files } = draftOf(entry.roomId);
  const [file] = files;
  return text.trim() === "" && file === undefined ? undefined : said({ text, file });
}

/** Who said the last thing, where that goes without saying nobody. */
function authorOf({ lastMessage, peerUserId }: RoomEntry, me: Me): string | undefined {
  if (lastMessage === undefined || lastMessage.userId === peerUserId) return undefined;
  return lastMessage.userId === me.userId ? t.value.you : nameOf(lastMessage.userId);
}

interface EntryProps {
  readonly entry: RoomEntry;
  /** When today began. */
  readonly today: number;
  readonly isOpen: boolean;
  readonly isOnline: boolean | undefined;
  readonly unsent: string | undefined;
  readonly author: string | undefined;
}

/** One of perhaps a thousand: drawn again only where something of it has changed. */
const Entry = memo(function Entry({ entry, today, isOpen, isOnline, unsent, author }: EntryProps) {
  const { title, peerUserId, unreadCount: count, lastMessage: last } = entry;
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
        <Avatar id={peerUserId} name={title} isOnline={isOnline} />
      )}
      <span class="title">
        {title}
        {isOnline === true && <span class="unseen"> {t.value.online}</span>}
      </span>
      {last !== undefined && <time datetime={last.sentAt}>{shortTime(last.sentAt, new Date(today))}</time>}
      <span class="last">
        <Preview last={last} unsent={unsent} author={author} />
      </span>
      {count > 0 && (
        <span class="badge" role="img" aria-label={t.value.newMessages(count)}>
          {count > 99 ? "99+" : count}
        </span>
      )}
    </a>
  );
});

type PreviewProps = Pick<EntryProps, "unsent" | "author"> & { readonly last: RoomEntry["lastMessage"] };

/** What stands in the composer and is not sent goes before what was said last. */
function Preview({ last, unsent, author }: PreviewProps) {
  if (unsent !== undefined) {
    return (
      <>
        <em>{t.value.draft}</em> <bdi>{unsent}</bdi>
      </>
    );
  }
  if (last === undefined) return <>{t.value.noMessages}</>;
  if (author === undefined) return <>{said(last)}</>;
  return (
    <>
      <bdi>{author}</bdi>: <bdi>{said(last)}</bdi>
    </>
  );
}
