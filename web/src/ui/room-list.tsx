import type { Me, RoomEntry } from "../sdk/wire";
import { Mark } from "./mark";
import { overviewPath, roomPath } from "./routes";
import { unread } from "./seen";
import { listing, room, route } from "./state";
import { texts } from "./texts";

/** The user's rooms, by name, each with what happened last. */
export function RoomList({ me }: { me: Me }) {
  const { loaded, rooms, invites } = listing.value;
  const sorted = [...rooms].sort((one, other) => one.title.localeCompare(other.title));
  const shown = route.value;
  return (
    <nav class="rooms" aria-label={texts.rooms}>
      <a class="home" href={overviewPath} aria-current={shown.page === "overview" ? "page" : undefined}>
        <Mark />
        <strong>{texts.product}</strong>
        {invites.length > 0 && <span class="badge">{invites.length}</span>}
      </a>
      <h2>{texts.rooms}</h2>
      {loaded && rooms.length === 0 && <p class="quiet none">{texts.noRooms}</p>}
      <ul>
        {sorted.map((one) => (
          <li key={one.roomId}>
            <Entry me={me} entry={one} isOpen={shown.page === "room" && shown.roomId === one.roomId} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Entry({ me, entry, isOpen }: { me: Me; entry: RoomEntry; isOpen: boolean }) {
  const count = isOpen && room.value?.isCurrent === true ? 0 : unread(entry);
  const last = entry.lastMessage;
  const author = last?.userId === me.userId ? texts.you : last?.userId;
  return (
    <a
      class="entry"
      href={roomPath(entry.roomId)}
      aria-current={isOpen ? "page" : undefined}
      data-unread={count > 0}
    >
      <span class="hash" aria-hidden="true">
        #
      </span>
      <span class="title">{entry.title}</span>
      {count > 0 && (
        <span class="badge" aria-label={texts.unread(count)}>
          {count > 99 ? "99+" : count}
        </span>
      )}
      <span class="last">{last === undefined ? texts.noMessages : `${author ?? ""}: ${last.text}`}</span>
    </a>
  );
}
