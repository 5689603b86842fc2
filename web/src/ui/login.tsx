import { useState } from "preact/hooks";
import { logIn, signUp } from "./account";
import { useAction } from "./action";
import { Mark } from "./mark";
import { Problem } from "./problem";
import { t } from "./texts";

const USER_ID = /^[a-z0-9][a-z0-9_.-]{1,31}$/;

/** One form for both: log in, or create the account that it describes. */
export function LogIn({ ended }: { ended: string | undefined }) {
  const [userName, setUserName] = useState(ended ?? "");
  const [password, setPassword] = useState("");
  const [broken, setBroken] = useState<string | undefined>(undefined);
  const userId = userName.trim();
  const attempt = useAction((enter: typeof logIn) => enter(userId, password));
  const create = () => {
    const rule = ruleBroken(userId, password);
    setBroken(rule);
    if (rule === undefined) attempt.start(signUp);
  };
  const isReady = userId !== "" && password !== "" && !attempt.busy;

  return (
    <main class="login">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          setBroken(undefined);
          if (isReady) attempt.start(logIn);
        }}
      >
        <header>
          <Mark />
          <h1>{t.value.product}</h1>
          <p class="quiet">{t.value.claim}</p>
        </header>
        {ended !== undefined && <p class="notice">{t.value.sessionEnded}</p>}
        <label>
          {t.value.userName}
          <input
            name="username"
            value={userName}
            onInput={(event) => setUserName(event.currentTarget.value)}
            autocomplete="username"
            autocapitalize="none"
            enterkeyhint="next"
            spellcheck={false}
            autofocus={ended === undefined}
          />
        </label>
        <label>
          {t.value.password}
          <input
            type="password"
            name="password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
            autocomplete="current-password"
            enterkeyhint="go"
            autofocus={ended !== undefined}
          />
        </label>
        {broken === undefined ? (
          <Problem code={attempt.code} words={{ unauthenticated: t.value.wrongLogin }} />
        ) : (
          <p class="problem" role="alert">
            {broken}
          </p>
        )}
        <div class="actions">
          <button class="primary" type="submit" disabled={!isReady}>
            {t.value.logIn}
          </button>
          <button type="button" disabled={!isReady} onClick={create}>
            {t.value.createAccount}
          </button>
        </div>
        <p class="quiet small">{t.value.logInHint}</p>
      </form>
    </main>
  );
}

/** What the server would not take in a sign-up, said before it is asked. */
function ruleBroken(userId: string, password: string): string | undefined {
  if (!USER_ID.test(userId)) return t.value.userNameRule;
  return Array.from(password).length < 8 ? t.value.passwordRule : undefined;
}
