import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { codeOf } from "../sdk/errors";
import type { Me } from "../sdk/wire";
import { logOut, route } from "./account";
import { Avatar } from "./avatar";
import { unsent } from "./client";
import { Confirm } from "./dialog";
import { Icon } from "./icon";
import { Mark } from "./mark";
import { DirectList, RoomList } from "./room-list";
import { overviewPath, settingsPath } from "./routes";
import { Switcher } from "./switcher";
import { errorText, t } from "./texts";
import { listing } from "./client";

/** What stays while pages change: the rooms and who is logged in. On narrow screens it is one or the other. */
export function Shell({ me, children }: { me: Me; children: ComponentChildren }) {
  const [isJumping, setJumping] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      setJumping((before) => !before);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
  return (
    <div class="shell" data-page={route.value.page}>
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

function Top({ onJump }: { onJump: () => void }) {
  const { invites, incoming } = listing.value;
  const count = invites.length + incoming.length;
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
  const [code, setCode] = useState<string | undefined>(undefined);
  const leave = () => {
    logOut().catch((error: unknown) => setCode(codeOf(error)));
  };
  const count = unsent.value.length;
  return (
    <footer class="account">
      <Avatar id={me.userId} name={me.displayName} />
      <span class="who">
        <strong>{me.displayName}</strong>
        {code !== undefined && (
          <span class="problem" role="alert">
            {errorText(code)}
          </span>
        )}
      </span>
      <a
        class="button plain-button"
        href={settingsPath}
        aria-label={t.value.settings}
        title={t.value.settings}
        aria-current={route.value.page === "settings" ? "page" : undefined}
      >
        <Icon name="settings" />
      </a>
      <button type="button" onClick={() => (count === 0 ? leave() : setAsking(true))}>
        {t.value.logOut}
      </button>
      {isAsking && (
        <Confirm
          title={t.value.logOutUnsentTitle}
          hint={t.value.logOutUnsent(count)}
          word={t.value.discard}
          onConfirm={leave}
          onClose={() => setAsking(false)}
        />
      )}
    </footer>
  );
}
