import { useState } from "preact/hooks";
import type { FriendRequest, User } from "../sdk/wire";
import { useAction } from "./action";
import { Card } from "./card";
import { listing, nameOf, refresh, rest } from "./client";
import { Confirm } from "./dialog";
import { FindPeople } from "./find-people";
import { Answers } from "./invites";
import { byName } from "./order";
import { Person } from "./person";
import { Problem } from "./problem";
import { directPath } from "./routes";
import { t } from "./texts";

/** Who asks for the user's friendship, and whom the user asked. */
export function FriendRequests() {
  const { incoming, outgoing, loaded } = listing.value;
  return (
    <Card title={t.value.friendRequests}>
      {loaded && incoming.length + outgoing.length === 0 && <p class="quiet">{t.value.noRequests}</p>}
      <ul class="plain">
        {incoming.map((request) => (
          <li key={request.id}>
            <Incoming request={request} />
          </li>
        ))}
        {outgoing.map(({ id, toUserId }) => (
          <li key={id}>
            <Person user={{ userId: toUserId, displayName: nameOf(toUserId) }} note={t.value.waitingFor} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Incoming({ request: { id, fromUserId } }: { request: FriendRequest }) {
  const answer = useAction(async (word: "accept" | "reject") => {
    await rest.answerFriend(id, word).finally(refresh);
  });
  return (
    <Person user={{ userId: fromUserId, displayName: nameOf(fromUserId) }} note={t.value.wantsToBeFriends}>
      <Problem code={answer.code} />
      <Answers busy={answer.busy} onAnswer={answer.start} />
    </Person>
  );
}

/** The user's friends, those who are there first, and a way to ask more. */
export function Friends({ me }: { me: string }) {
  const { friends, online, loaded } = listing.value;
  const isThere = (user: User) => (online.has(user.userId) ? 0 : 1);
  const sorted = [...friends].sort(
    (one, other) => isThere(one) - isThere(other) || byName(one.displayName, other.displayName),
  );
  return (
    <Card title={t.value.friends}>
      {loaded && friends.length === 0 && <p class="quiet">{t.value.noFriends}</p>}
      <ul class="plain">
        {sorted.map((friend) => (
          <li key={friend.userId}>
            <FriendRow friend={friend} />
          </li>
        ))}
      </ul>
      <FindPeople
        label={t.value.findPeople}
        word={t.value.addFriend}
        isKnown={(userId) => userId === me || friends.some((friend) => friend.userId === userId)}
        act={async (userId) => {
          await rest.askFriend(userId).finally(refresh);
          return t.value.asked(userId);
        }}
        errors={{ failed_precondition: t.value.alreadyFriends }}
      />
    </Card>
  );
}

function FriendRow({ friend }: { friend: User }) {
  const [isAsking, setAsking] = useState(false);
  const removal = useAction(async () => {
    await rest.removeFriend(friend.userId).finally(refresh);
  });
  return (
    <Person user={friend}>
      <Problem code={removal.code} />
      <span class="actions">
        <a class="button" href={directPath(friend.userId)}>
          {t.value.writeTo}
        </a>
        <button class="danger" type="button" disabled={removal.busy} onClick={() => setAsking(true)}>
          {t.value.removeFriend}
        </button>
      </span>
      {isAsking && (
        <Confirm
          title={t.value.removeFriendTitle(friend.displayName)}
          hint={t.value.removeFriendHint}
          word={t.value.remove}
          onConfirm={removal.start}
          onClose={() => setAsking(false)}
        />
      )}
    </Person>
  );
}
