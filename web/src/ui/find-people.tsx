import { useEffect, useId, useState } from "preact/hooks";
import type { User } from "../sdk/wire";
import { useAction } from "./action";
import { Avatar } from "./avatar";
import { rest } from "./client";
import { errorText } from "./texts";

interface FindPeopleProps {
  /** What the box is called. */
  readonly label: string;
  /** What the button says. */
  readonly word: string;
  /** Who is not suggested. */
  readonly isKnown: (userId: string) => boolean;
  /** Does it. Says what is told then. Errors: as of the call. */
  readonly act: (userId: string) => Promise<string>;
  /** What to say of a code instead of the usual. */
  readonly errors: Readonly<Record<string, string>>;
}

/** Names somebody by user name, with those suggested whose name starts like that, and does something about them. */
export function FindPeople({ label, word, isKnown, act, errors }: FindPeopleProps) {
  const [name, setName] = useState("");
  const [done, setDone] = useState<string | undefined>(undefined);
  const userId = name.trim();
  const found = useFound(userId).filter((user) => !isKnown(user.userId));
  const action = useAction(async () => {
    setDone(await act(userId));
    setName("");
  });
  const { code } = action;
  return (
    <form
      class="finding"
      onSubmit={(event) => {
        event.preventDefault();
        setDone(undefined);
        if (userId !== "") action.start();
      }}
    >
      <div class="box">
        <input
          value={name}
          aria-label={label}
          placeholder={label}
          onInput={(event) => setName(event.currentTarget.value)}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <button type="submit" disabled={userId === "" || action.busy}>
          {word}
        </button>
      </div>
      <Found users={found} onChoose={setName} />
      {code !== undefined && (
        <p class="problem" role="alert">
          {(Object.hasOwn(errors, code) ? errors[code] : undefined) ?? errorText(code)}
        </p>
      )}
      <p class="good" role="status" hidden={done === undefined}>
        {done}
      </p>
    </form>
  );
}

function Found({ users, onChoose }: { users: readonly User[]; onChoose: (userId: string) => void }) {
  const id = useId();
  if (users.length === 0) return null;
  return (
    <ul class="plain found" id={id}>
      {users.map((user) => (
        <li key={user.userId}>
          <button class="person" type="button" onClick={() => onChoose(user.userId)}>
            <Avatar id={user.userId} name={user.displayName} />
            <span class="who">
              <span>{user.displayName}</span>
              {user.displayName !== user.userId && <span class="quiet small">{user.userId}</span>}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** How long after the last letter is looked. */
const PAUSE_MS = 200;

/** Users whose name starts like this; none where the name is complete. */
function useFound(query: string): readonly User[] {
  const [found, setFound] = useState<readonly User[]>([]);
  useEffect(() => {
    setFound([]);
    if (query === "") return undefined;
    let isStale = false;
    const search = async () => {
      const users = await rest.searchUsers(query).catch(() => []);
      if (!isStale) setFound(users);
    };
    const timer = setTimeout(() => void search(), PAUSE_MS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [query]);
  return found.filter(({ userId }) => userId !== query);
}
