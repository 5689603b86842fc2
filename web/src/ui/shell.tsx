import { computed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Me } from "../sdk/wire";
import { logOut, route } from "./account";
import { useAction } from "./action";
import { Avatar } from "./avatar";
import { listing, unsent } from "./client";
import { Confirm } from "./dialog";
import { catchStrayDrops } from "./dropping";
import { Icon } from "./icon";
import { Mark } from "./mark";
import { Problem } from "./problem";
import { DirectList, RoomList } from "./room-list";
import { overviewPath, settingsPath } from "./routes";
import { Switcher } from "./switcher";
import { t } from "./texts";

/** What stays while pages change: the rooms and who is logged in. On narrow screens it is one or the other. */
export function Shell({ me, children }: { me: Me; children: ComponentChildren }) {
  const [isJumping, setJumping] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!isJump(event)) return;
      event.preventDefault();
      setJumping((before) => !before);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
  useEffect(catchStrayDrops, []);
  return (
    <div class="shell" data-page={route.value.page} data-waiting={waiting.value > 0}>
      <aside class="sidebar" aria-label={t.value.product}>
        <Top onJump={() => setJumping(true)} />
        <div class="lists">
          <RoomList me={me} />
          <DirectList me={me} />
        </div>
        <Account me={me} />
      </aside>
      {children}
      {isJumping && <Switcher onClose={() => setJumping(false)} />}
    </div>
  );
}

/** Ctrl or Cmd and K, by its place where the keyboard has no Latin letters. */
function isJump({ key, code, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const isK = key.toLowerCase() === "k" || (code === "KeyK" && !/^[a-z]$/i.test(key));
  return isK && (ctrlKey || metaKey) && !altKey;
}

/** How many ask something of the user. */
const waiting = computed(() => listing.value.invites.length + listing.value.incoming.length);

function Top({ onJump }: { onJump: () => void }) {
  const count = waiting.value;
  const isHere = route.value.page === "overview";
  return (
    <div class="top">
      <p class="brand">
        <Mark />
        <strong>{t.value.product}</strong>
      </p>
      <button class="jumper" type="button" aria-keyshortcuts="Control+K Meta+K" onClick={onJump}>
        <Icon name="search" />
        <span>{t.value.jumpTo}</span>
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      <a class="home" href={overviewPath} aria-current={isHere ? "page" : undefined}>
        <Icon name="home" />
        <span>{t.value.overview}</span>
        {count > 0 && (
          <span class="badge" role="img" aria-label={t.value.waitingForYou(count)}>
            {count}
          </span>
        )}
      </a>
    </div>
  );
}

function Account({ me }: { me: Me }) {
  const [isAsking, setAsking] = useState(false);
  const leave = useAction(logOut);
  const count = unsent.value.length;
  return (
    <footer class="account">
      <Avatar id={me.userId} name={me.displayName} />
      <div class="who">
        <strong>{me.displayName}</strong>
        <Problem code={leave.code} />
      </div>
      <a
        class="button plain-button"
        href={settingsPath}
        aria-label={t.value.settings}
        title={t.value.settings}
        aria-current={route.value.page === "settings" ? "page" : undefined}
      >
        <Icon name="settings" />
      </a>
      <button
        class="slight"
        type="button"
        aria-label={t.value.logOut}
        title={t.value.logOut}
        onClick={() => (count === 0 ? leave.start() : setAsking(true))}
      >
        <Icon name="out" />
      </button>
      {isAsking && (
        <Confirm
          title={t.value.logOutUnsentTitle}
          hint={t.value.logOutUnsent(count)}
          word={t.value.discard}
          stay={t.value.stay}
          onConfirm={leave.start}
          onClose={() => setAsking(false)}
        />
      )}
    </footer>
  );
}
