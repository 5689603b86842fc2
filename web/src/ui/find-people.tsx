import { useEffect, useRef, useState } from "preact/hooks";
import type { User } from "../sdk/wire";
import { useAction } from "./action";
import { Avatar } from "./avatar";
import { rest } from "./client";
import { Problem } from "./problem";
import { t } from "./texts";

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
  const box = useRef<HTMLInputElement>(null);
  const [name, setName] = useState("");
  const [done, setDone] = useState("");
  const userId = name.trim();
  const found = useFound(userId).filter((user) => !isKnown(user.userId));
  const action = useAction(async () => {
    setDone(await act(userId));
    setName("");
  });
  // What is no user name is nobody's either.
  const { noSuchUser } = t.value;
  return (
    <form
      class="finding"
      onSubmit={(event) => {
        event.preventDefault();
        setDone("");
        if (userId !== "") action.start();
      }}
    >
      <div class="box">
        <input
          ref={box}
          value={name}
          aria-label={label}
          placeholder={label}
          onInput={(event) => setName(event.currentTarget.value)}
          autocomplete="off"
          autocapitalize="none"
          enterkeyhint="send"
          spellcheck={false}
        />
        <button type="submit" disabled={userId === "" || action.busy}>
          {word}
        </button>
      </div>
      <Found
        users={found}
        onChoose={(chosen) => {
          setName(chosen);
          box.current?.focus();
        }}
      />
      <Problem
        code={action.code}
        words={{ not_found: noSuchUser, invalid_argument: noSuchUser, ...errors }}
      />
      {/* Always there, so that what comes to stand in it is said aloud. */}
      <p class="good" role="status">
        {done}
      </p>
    </form>
  );
}

interface FoundProps {
  readonly users: readonly User[];
  readonly onChoose: (userId: string) => void;
}

function Found({ users, onChoose }: FoundProps) {
  if (users.length === 0) return null;
  return (
    <ul class="plain found">
      {users.map(({ userId, displayName }) => (
        <li key={userId}>
          <button class="person" type="button" onClick={() => onChoose(userId)}>
            <Avatar id={userId} name={displayName} />
            <span class="who">
              <span class="name">{displayName}</span>
              {displayName !== userId && <span class="quiet small">{userId}</span>}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** How long after the last letter is looked. */
const PAUSE_MS = 200;

/** Users whose name starts like this, without the one who is named already. */
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
