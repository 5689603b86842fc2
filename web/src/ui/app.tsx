import { LogIn } from "./login";
import { Mark } from "./mark";
import { Missing } from "./missing";
import { Overview } from "./overview";
import { Room } from "./room";
import { Shell } from "./shell";
import { route, stage } from "./state";
import { texts } from "./texts";

/** What is on screen follows from who is logged in and from the address. */
export function App() {
  switch (stage.value.kind) {
    case "starting":
      return <Splash text={stage.value.attempt > 1 ? texts.startingLonger : texts.starting} />;
    case "unable":
      return <Splash text={texts.cannotKeep} why={texts.cannotKeepWhy} />;
    case "out":
      return <LogIn ended={stage.value.ended} />;
    case "in":
      return (
        <Shell me={stage.value.me}>
          <Page />
        </Shell>
      );
  }
}

function Page() {
  const shown = route.value;
  switch (shown.page) {
    case "room":
      return <Room key={shown.roomId} roomId={shown.roomId} />;
    case "unknown":
      return <Missing title={texts.unknownPage} hint={texts.unknownPageHint} />;
    case "home":
    case "login":
    case "overview":
      return <Overview />;
  }
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
