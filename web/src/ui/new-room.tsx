import { useState } from "preact/hooks";
import { useAction } from "./action";
import { Card } from "./card";
import { refresh, rest } from "./client";
import { Problem } from "./problem";
import { navigate } from "./router";
import { roomPath } from "./routes";
import { t } from "./texts";

const ROOM_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Founds a room. */
export function NewRoom() {
  const [name, setName] = useState("");
  const roomId = name.trim();
  const isLegal = ROOM_ID.test(roomId);
  const create = useAction(async () => {
    const created = await rest.createRoom(roomId);
    refresh();
    navigate(roomPath(created));
  });
  return (
    <Card title={t.value.newRoom}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isLegal) create.start();
        }}
      >
        <label>
          {t.value.roomName}
          <input
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            autocomplete="off"
            autocapitalize="none"
            enterkeyhint="go"
            spellcheck={false}
            maxLength={64}
            aria-describedby="room-name-rule"
            aria-invalid={roomId !== "" && !isLegal}
          />
        </label>
        <p class={roomId === "" || isLegal ? "quiet small" : "problem small"} id="room-name-rule">
          {t.value.roomNameRule}
        </p>
        <Problem code={create.code} />
        <button class="primary" type="submit" disabled={!isLegal || create.busy}>
          {t.value.createRoom}
        </button>
      </form>
    </Card>
  );
}
