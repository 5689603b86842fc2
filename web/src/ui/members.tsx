import { useEffect, useState } from "preact/hooks";
import type { User } from "../sdk/wire";
import { useAction } from "./action";
import { Avatar } from "./avatar";
import { navigate } from "./router";
import { overviewPath } from "./routes";
import { members, refresh, rest } from "./state";
import { errorText, texts } from "./texts";

/** Who is in the room, the way in for others, and the way out. */
export function Members({ roomId }: { roomId: string }) {
  const leave = useAction(async () => {
    await rest.leaveRoom(roomId);
    refresh();
    navigate(overviewPath);
  });
  return (
    <aside class="members" id="members" aria-label={texts.members}>
      <InviteForm roomId={roomId} />
      <List />
      <div class="leave">
        {leave.code !== undefined && (
          <p class="problem" role="alert">
            {errorText(leave.code)}
          </p>
        )}
        <button class="danger" type="button" disabled={leave.busy} onClick={() => leave.start()}>
          {texts.leaveRoom}
        </button>
      </div>
    </aside>
  );
}

function List() {
  const known = members.value;
  if (known === "unreadable") return <p class="problem">{texts.membersFailed}</p>;
  return (
    <section>
      <h2>{known === undefined ? texts.members : texts.memberCount(known.length)}</h2>
      <ul class="plain">
        {known?.map((member) => (
          <li key={member.userId} class="person">
            <Avatar id={member.userId} name={member.displayName} />
            <Name user={member} />
            {member.role === "owner" && <span class="tag">{texts.owner}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Name({ user }: { user: User }) {
  return (
    <span class="who">
      <span>{user.displayName}</span>
      {user.displayName !== user.userId && <span class="quiet small">{user.userId}</span>}
    </span>
  );
}

function InviteForm({ roomId }: { roomId: string }) {
  const [name, setName] = useState("");
  const [invited, setInvited] = useState<string | undefined>(undefined);
  const userId = name.trim();
  const found = useFound(userId);
  const invite = useAction(async () => {
    await rest.invite(roomId, userId);
    setInvited(userId);
    setName("");
  });
  const code = invite.code;
  return (
    <form
      class="inviting"
      onSubmit={(event) => {
        event.preventDefault();
        setInvited(undefined);
        if (userId !== "") invite.start();
      }}
    >
      <div class="box">
        <input
          value={name}
          aria-label={texts.inviteUser}
          placeholder={texts.inviteUser}
          onInput={(event) => setName(event.currentTarget.value)}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <button type="submit" disabled={userId === "" || invite.busy}>
          {texts.invite}
        </button>
      </div>
      {found.length > 0 && (
        <ul class="plain found">
          {found.map((user) => (
            <li key={user.userId}>
              <button class="person" type="button" onClick={() => setName(user.userId)}>
                <Avatar id={user.userId} name={user.displayName} />
                <Name user={user} />
              </button>
            </li>
          ))}
        </ul>
      )}
      {code !== undefined && (
        <p class="problem" role="alert">
          {code === "failed_precondition" ? texts.alreadyInvitedOrMember : errorText(code)}
        </p>
      )}
      {invited !== undefined && <p class="good">{texts.invited(invited)}</p>}
    </form>
  );
}

/** Users whose name starts like this and who are no members; none where the name is complete. */
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
    const timer = setTimeout(() => void search(), 200);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [query]);
  const known = typeof members.value === "object" ? members.value.map(({ userId }) => userId) : [];
  return found.filter(({ userId }) => userId !== query && !known.includes(userId));
}
