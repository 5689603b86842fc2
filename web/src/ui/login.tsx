import { useState } from "preact/hooks";
import { codeOf } from "../sdk/errors";
import { Mark } from "./mark";
import { logIn, signUp } from "./account";
import { errorText, t } from "./texts";

const USER_ID = /^[a-z0-9][a-z0-9_.-]{1,31}$/;

/** One form for both: log in, or create the account that it describes. */
export function LogIn({ ended }: { ended: string | undefined }) {
  const [userName, setUserName] = useState(ended ?? "");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [busy, setBusy] = useState(false);

  const attempt = async (enter: typeof logIn, precheck?: string) => {
    setProblem(precheck);
    if (precheck !== undefined) return;
    setBusy(true);
    try {
      await enter(userName.trim(), password);
    } catch (error) {
      setProblem(errorText(codeOf(error)));
      setBusy(false);
    }
  };
  const isNamed = userName.trim() !== "" && password !== "";

  return (
    <main class="login">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (isNamed && !busy) void attempt(logIn);
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
            autofocus={ended !== undefined}
          />
        </label>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="actions">
          <button class="primary" type="submit" disabled={!isNamed || busy}>
            {t.value.logIn}
          </button>
          <button
            type="button"
            disabled={!isNamed || busy}
            onClick={() => void attempt(signUp, ruleBroken(userName.trim(), password))}
          >
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
