import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { codeOf } from "../sdk/errors";
import type { Me } from "../sdk/wire";
import { Avatar } from "./avatar";
import { RoomList } from "./room-list";
import { logOut, route, unsent } from "./state";
import { errorText, texts } from "./texts";

/** What stays while pages change: the rooms and who is logged in. On narrow screens it is one or the other. */
export function Shell({ me, children }: { me: Me; children: ComponentChildren }) {
  return (
    <div class="shell" data-page={route.value.page}>
      <aside class="sidebar">
        <RoomList me={me} />
        <Account me={me} />
      </aside>
      {children}
    </div>
  );
}

function Account({ me }: { me: Me }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const leave = () => {
    dialog.current?.close();
    logOut().catch((error: unknown) => setProblem(errorText(codeOf(error))));
  };
  const count = unsent.value.length;

  return (
    <footer class="account">
      <Avatar id={me.userId} name={me.displayName} />
      <span class="who">
        <strong>{me.displayName}</strong>
        {problem !== undefined && (
          <span class="problem" role="alert">
            {problem}
          </span>
        )}
      </span>
      <button type="button" onClick={() => (count === 0 ? leave() : dialog.current?.showModal())}>
        {texts.logOut}
      </button>
      <dialog ref={dialog} aria-labelledby="unsent-title">
        <h2 id="unsent-title">{texts.logOutUnsentTitle}</h2>
        <p>{texts.logOutUnsent(count)}</p>
        <div class="actions">
          <button class="primary" type="button" onClick={() => dialog.current?.close()}>
            {texts.stay}
          </button>
          <button class="danger" type="button" onClick={leave}>
            {texts.discard}
          </button>
        </div>
      </dialog>
    </footer>
  );
}
