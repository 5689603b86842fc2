import { useEffect, useState } from "preact/hooks";
import { Avatar } from "./avatar";
import { listing } from "./client";
import { Dialog } from "./dialog";
import { Icon, type IconName } from "./icon";
import { byName } from "./order";
import { navigate } from "./router";
import { directPath, entryPath, overviewPath, settingsPath } from "./routes";
import { t } from "./texts";

interface Place {
  readonly path: string;
  readonly title: string;
  readonly kind: "room" | "person" | "page";
  /** Whose picture stands for it. */
  readonly userId?: string;
  readonly icon?: IconName;
  readonly unread: number;
}

/** Places shown at most. */
const SHOWN = 12;

/** Goes to a room, a person or a page by a few letters of its name. */
export function Switcher({ onClose }: { onClose: () => void }) {
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const places = fitting(query);
  useEffect(() => document.getElementById(`place-${chosen}`)?.scrollIntoView({ block: "nearest" }), [chosen]);
  const go = (place: Place | undefined) => {
    if (place === undefined) return;
    onClose();
    navigate(place.path);
  };
  const move = (by: number) => setChosen((chosen + by + places.length) % Math.max(1, places.length));
  const pressed = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const acts: Record<string, () => void> = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Enter: () => go(places[chosen]),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return (
    <Dialog title={t.value.jumpTo} onClose={onClose}>
      <input
        role="combobox"
        aria-label={t.value.roomOrPerson}
        placeholder={t.value.roomOrPerson}
        aria-expanded="true"
        aria-controls="places"
        aria-autocomplete="list"
        aria-activedescendant={places.length > 0 ? `place-${chosen}` : undefined}
        autocomplete="off"
        autocapitalize="none"
        enterkeyhint="go"
        spellcheck={false}
        autofocus
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={pressed}
      />
      {places.length === 0 && <p class="quiet">{t.value.nothingFound}</p>}
      <ul class="places" id="places" role="listbox" aria-label={t.value.jumpTo}>
        {places.map((place, index) => (
          <li
            key={place.path}
            id={`place-${index}`}
            role="option"
            aria-selected={index === chosen}
            onPointerMove={() => setChosen(index)}
            onClick={() => go(place)}
          >
            <Picture place={place} />
            <span class="who">{place.title}</span>
            {place.unread > 0 && <span class="badge">{place.unread}</span>}
            <span class="quiet small">{t.value[place.kind]}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Picture({ place }: { place: Place }) {
  if (place.userId !== undefined)
    return <Avatar id={place.userId} name={place.title} isOnline={listing.value.online.has(place.userId)} />;
  return (
    <span class="hash" aria-hidden="true">
      {place.icon === undefined ? "#" : <Icon name={place.icon} />}
    </span>
  );
}

/** Places whose name has the letters: those that start with them first, then those with news, then by name. */
function fitting(query: string): Place[] {
  const letters = query.trim().toLowerCase();
  const rank = (place: Place) => {
    const name = place.title.toLowerCase();
    return (name.startsWith(letters) ? 0 : 2) + (place.unread > 0 ? 0 : 1);
  };
  return allPlaces()
    .filter(({ title, userId }) => `${title} ${userId ?? ""}`.toLowerCase().includes(letters))
    .sort((one, other) => rank(one) - rank(other) || byName(one.title, other.title))
    .slice(0, SHOWN);
}

function allPlaces(): Place[] {
  const { rooms, friends } = listing.value;
  const places: Place[] = rooms.map((entry) => {
    const { title, unreadCount: unread, peerUserId: userId } = entry;
    const place = { path: entryPath(entry), title, unread };
    return userId === undefined ? { ...place, kind: "room" } : { ...place, kind: "person", userId };
  });
  for (const { userId, displayName: title } of friends) {
    if (rooms.some(({ peerUserId }) => peerUserId === userId)) continue;
    places.push({ path: directPath(userId), title, kind: "person", userId, unread: 0 });
  }
  const { overview, settings } = t.value;
  places.push({ path: overviewPath, title: overview, kind: "page", icon: "home", unread: 0 });
  places.push({ path: settingsPath, title: settings, kind: "page", icon: "settings", unread: 0 });
  return places;
}
