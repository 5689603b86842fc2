import { useEffect, useLayoutEffect } from "preact/hooks";
import { route, stage } from "./account";
import { showCount } from "./badge";
import { unreadTotal } from "./client";
import { Direct } from "./direct";
import { LogIn } from "./login";
import { Mark } from "./mark";
import { Missing } from "./missing";
import { Overview } from "./overview";
import { Room } from "./room";
import { navigate } from "./router";
import { directPath, peerIn } from "./routes";
import { Settings } from "./settings";
import { Shell } from "./shell";
import { t } from "./texts";
import { pageTitle } from "./title";

/** What is on screen follows from who is logged in and from the address. */
export function App() {
  const { kind } = stage.value;
  const count = kind === "in" ? unreadTotal.value : 0;
  const title = kind === "in" ? pageTitle.value : t.value.product;
  useEffect(() => showCount(count, title), [count, title]);
  switch (stage.value.kind) {
    case "starting":
      return <Splash text={stage.value.attempt > 1 ? t.value.startingLonger : t.value.starting} />;
    case "unable":
      return <Splash text={t.value.cannotKeep} why={t.value.cannotKeepWhy} />;
    case "blocked":
      return <Splash text={t.value.blocked} />;
    case "out":
      return <LogIn ended={stage.value.ended} />;
    case "in":
      return (
        <Shell me={stage.value.me}>
          <Page userId={stage.value.me.userId} />
        </Shell>
      );
  }
}

function Page({ userId }: { userId: string }) {
  const shown = route.value;
  switch (shown.page) {
    case "room": {
      const peer = peerIn(shown.roomId, userId);
      if (peer !== undefined) return <Elsewhere path={directPath(peer)} />;
      return <Room key={shown.roomId} roomId={shown.roomId} />;
    }
    case "direct":
      return <Direct key={shown.peerUserId} me={userId} peerUserId={shown.peerUserId} />;
    case "settings":
      return <Settings me={userId} />;
    case "unknown":
      return <Missing title={t.value.unknownPage} hint={t.value.unknownPageHint} />;
    case "home":
    case "login":
    case "overview":
      return <Overview me={userId} />;
  }
}

/** Sends the reader on, as from a room of two to the page of the other. */
function Elsewhere({ path }: { path: string }) {
  useLayoutEffect(() => navigate(path, "replace"), [path]);
  return null;
}

function Splash({ text, why }: { text: string; why?: string }) {
  return (
    <main class="splash">
      <Mark />
      <p role="status">{text}</p>
      {why !== undefined && <p class="quiet">{why}</p>}
    </main>
  );
}
