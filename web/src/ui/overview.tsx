import { useState } from "preact/hooks";
import type { Invite } from "../sdk/wire";
import { useAction } from "./action";
import { Avatar } from "./avatar";
import { Header } from "./header";
import { navigate } from "./router";
import { roomPath } from "./routes";
import { listing, refresh, rest, unsent } from "./state";
import { errorText, texts } from "./texts";

const ROOM_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Where one starts: who asks one in, and a new room. */
export function Overview() {
  return (
    <main class="main">
      <Header title={texts.overview} />
      <div class="page">
        <Unsent />
        <Invites />
        <NewRoom />
      </div>
    </main>
  );
}

/** Rooms with messages that the server refused: one may not be in them any more, and so not see them elsewhere. */
function Unsent() {
  const failed = unsent.value.filter(({ state }) => state === "failed").map(({ roomId }) => roomId);
  if (failed.length === 0) return null;
  return (
    <section class="card">
      <h2>{texts.notSentTitle}</h2>
      <ul class="plain">
        {[...new Set(failed)].map((roomId) => (
          <li key={roomId}>
            <a class="link" href={roomPath(roomId)}>
              {roomId}
            </a>
            : {texts.notSent(failed.filter((one) => one === roomId).length)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Invites() {
  const { invites } = listing.value;
  return (
    <section class="card">
      <h2>{texts.invitesTitle}</h2>
      {invites.length === 0 ? (
        <p class="quiet">{texts.noInvites}</p>
      ) : (
        <ul class="plain">
          {invites.map((invite) => (
            <li key={invite.id}>
              <InviteRow invite={invite} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function InviteRow({ invite }: { invite: Invite }) {
  const answer = useAction(async (word: "accept" | "reject") => {
    await rest.answerInvite(invite.id, word).finally(refresh);
    if (word === "accept") navigate(roomPath(invite.roomId));
  });
  return (
    <div class="invite">
      <Avatar id={invite.fromUserId} name={invite.fromUserId} />
      <span class="who">
        <strong>{invite.roomId}</strong>
        <span class="quiet">{texts.invitedBy(invite.fromUserId)}</span>
        {answer.code !== undefined && (
          <span class="problem" role="alert">
            {errorText(answer.code)}
          </span>
        )}
      </span>
      <button class="primary" type="button" disabled={answer.busy} onClick={() => answer.start("accept")}>
        {texts.accept}
      </button>
      <button type="button" disabled={answer.busy} onClick={() => answer.start("reject")}>
        {texts.decline}
      </button>
    </div>
  );
}

function NewRoom() {
  const [name, setName] = useState("");
  const roomId = name.trim();
  const isLegal = ROOM_ID.test(roomId);
  const create = useAction(async () => {
    const created = await rest.createRoom(roomId);
    refresh();
    navigate(roomPath(created));
  });
  return (
    <section class="card">
      <h2>{texts.newRoomTitle}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isLegal) create.start();
        }}
      >
        <label>
          {texts.roomName}
          <input
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            maxLength={64}
            aria-describedby="room-name-rule"
          />
        </label>
        <p class={roomId === "" || isLegal ? "quiet small" : "problem small"} id="room-name-rule">
          {texts.roomNameRule}
        </p>
        {create.code !== undefined && (
          <p class="problem" role="alert">
            {errorText(create.code)}
          </p>
        )}
        <button class="primary" type="submit" disabled={!isLegal || create.busy}>
          {texts.createRoom}
        </button>
      </form>
    </section>
  );
}
