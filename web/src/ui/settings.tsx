import { useEffect, useState } from "preact/hooks";
import type { Device } from "../sdk/wire";
import { useAction } from "./action";
import { Card } from "./card";
import { rest } from "./client";
import { deviceName } from "./device";
import { dayAndTime } from "./format";
import { Header } from "./header";
import { notificationsState, turnOffNotifications, turnOnNotifications } from "./notifications";
import { chooseLanguage, chooseTheme, theme, type Theme } from "./preferences";
import { Problem } from "./problem";
import { errorText, language, languages, t, type Language } from "./texts";

/** What one sets once in a while. */
export function Settings({ me }: { me: string }) {
  const [changes, setChanges] = useState(0);
  return (
    <main class="main">
      <Header title={t.value.settings} />
      <div class="page">
        <Appearance />
        <Notifications />
        <Sessions changes={changes} />
        <Password me={me} onChanged={() => setChanges(changes + 1)} />
      </div>
    </main>
  );
}

const themes: readonly Theme[] = ["system", "light", "dark"];

function Appearance() {
  const change = useAction(chooseLanguage);
  return (
    <Card title={t.value.appearance}>
      <div class="choices" role="radiogroup" aria-label={t.value.appearance}>
        {themes.map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="theme"
              checked={theme.value === one}
              onChange={() => chooseTheme(one)}
            />
            {t.value.themes[one]}
          </label>
        ))}
      </div>
      <label>
        {t.value.language}
        <select
          value={language.value}
          onChange={(event) => change.start(event.currentTarget.value as Language)}
        >
          {Object.entries(languages).map(([tag, name]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Problem code={change.code} words={{ fault: errorText("no_answer") }} />
    </Card>
  );
}

function Notifications() {
  const { value } = notificationsState;
  const words = {
    unsupported: t.value.notificationsUnsupported,
    blocked: t.value.notificationsBlocked,
    on: t.value.notificationsOn,
    off: t.value.notificationsHint,
  };
  return (
    <Card title={t.value.notifications}>
      <p class="quiet">{words[value]}</p>
      {value === "off" && (
        <button type="button" onClick={() => void turnOnNotifications()}>
          {t.value.turnOnNotifications}
        </button>
      )}
      {value === "on" && (
        <button type="button" onClick={turnOffNotifications}>
          {t.value.turnOffNotifications}
        </button>
      )}
    </Card>
  );
}

/** Where the user is logged in; read again after each of the `changes` of the password, which ends the others. */
function Sessions({ changes }: { changes: number }) {
  const [devices, setDevices] = useState<readonly Device[]>([]);
  const read = useAction(async () => {
    setDevices(await rest.devices());
  });
  useEffect(() => read.start(), [changes]);
  const end = useAction(async (id: string) => {
    await rest.revokeDevice(id).finally(read.start);
  });
  return (
    <Card title={t.value.sessions}>
      <p class="quiet">{t.value.sessionsHint}</p>
      {read.code !== undefined && (
        <p class="problem" role="alert">
          {t.value.sessionsFailed}
        </p>
      )}
      <Problem code={end.code} />
      <ul class="plain">
        {devices.map((device) => (
          <li key={device.id} class="person">
            <span class="who">
              <span class="name">{deviceName(device.userAgent)}</span>
              <span class="quiet small">{t.value.lastSeen(dayAndTime(device.lastSeenAt))}</span>
            </span>
            {device.current ? (
              <span class="tag">{t.value.thisSession}</span>
            ) : (
              <button class="danger" type="button" disabled={end.busy} onClick={() => end.start(device.id)}>
                {t.value.end}
              </button>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Password({ me, onChanged }: { me: string; onChanged: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [isDone, setDone] = useState(false);
  const change = useAction(async () => {
    await rest.changePassword(current, next);
    setCurrent("");
    setNext("");
    setDone(true);
    onChanged();
  });
  const isShort = next !== "" && Array.from(next).length < 8;
  return (
    <Card title={t.value.password}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setDone(false);
          if (current !== "" && next !== "" && !isShort) change.start();
        }}
      >
        {/* Tells password managers whose password it is. */}
        <input type="text" name="username" autocomplete="username" value={me} readOnly hidden />
        <PasswordBox
          label={t.value.currentPassword}
          value={current}
          kind="current-password"
          onInput={setCurrent}
        />
        <PasswordBox label={t.value.newPassword} value={next} kind="new-password" onInput={setNext} />
        {isShort && <p class="problem small">{t.value.passwordRule}</p>}
        <Problem code={change.code} words={{ forbidden: t.value.wrongPassword }} />
        {isDone && (
          <p class="good" role="status">
            {t.value.passwordChanged}
          </p>
        )}
        <button type="submit" disabled={current === "" || next === "" || isShort || change.busy}>
          {t.value.changePassword}
        </button>
      </form>
    </Card>
  );
}

interface PasswordBoxProps {
  readonly label: string;
  readonly value: string;
  readonly kind: "current-password" | "new-password";
  readonly onInput: (value: string) => void;
}

function PasswordBox({ label, value, kind, onInput }: PasswordBoxProps) {
  return (
    <label>
      {label}
      <input
        type="password"
        autocomplete={kind}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}
