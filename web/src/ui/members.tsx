import { computed } from "@preact/signals";
import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { Member } from "../sdk/wire";
import { stage } from "./account";
import { useAction } from "./action";
import { rest, roster } from "./client";
import { Confirm } from "./dialog";
import { FindPeople } from "./find-people";
import { Person } from "./person";
import { Problem } from "./problem";
import { t } from "./texts";

interface MembersProps {
  readonly roomId: string;
  readonly title: string;
  readonly onLeave: () => Promise<void>;
}

/** By itself: that somebody types changes nothing here. */
const present = computed(() => roster.value.members);

/** Who is in a room, and who else should be. */
export function Members({ roomId, title, onLeave }: MembersProps) {
  const members = present.value;
  const isMember = (userId: string) =>
    typeof members === "object" && members.some((member) => member.userId === userId);
  return (
    <aside class="members" id="members" aria-label={t.value.members}>
      <FindPeople
        label={t.value.inviteUser}
        word={t.value.invite}
        isKnown={isMember}
        act={async (userId) => {
          await rest.invite(roomId, userId);
          return t.value.invited(userId);
        }}
        errors={{ failed_precondition: t.value.alreadyInvitedOrMember }}
      />
      <List roomId={roomId} />
      <Leave title={title} onLeave={onLeave} />
    </aside>
  );
}

function List({ roomId }: { roomId: string }) {
  const members = present.value;
  if (members === "unreadable") return <p class="quiet">{t.value.membersFailed}</p>;
  if (members === undefined) return <h2>{t.value.members}</h2>;
  const me = stage.value.kind === "in" ? stage.value.me.userId : undefined;
  const isOwner = members.some(({ userId, role }) => userId === me && role === "owner");
  return (
    <section>
      <h2>{t.value.memberCount(members.length)}</h2>
      <ul class="plain">
        {members.map((member) => (
          <li key={member.userId}>
            <Row roomId={roomId} member={member} isRemovable={isOwner && member.userId !== me} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  readonly roomId: string;
  readonly member: Member;
  readonly isRemovable: boolean;
}

/** One of perhaps hundreds: drawn again only where something of it has changed. */
const Row = memo(function Row({ roomId, member, isRemovable }: RowProps) {
  const [isAsking, setAsking] = useState(false);
  const removal = useAction(() => rest.removeMember(roomId, member.userId));
  const { displayName: name } = member;
  return (
    <Person user={member}>
      {member.role === "owner" && <span class="tag">{t.value.owner}</span>}
      <Problem code={removal.code} />
      {isRemovable && (
        <button
          class="danger slight"
          type="button"
          aria-label={t.value.removeNamed(name)}
          title={t.value.removeNamed(name)}
          disabled={removal.busy}
          onClick={() => setAsking(true)}
        >
          <span aria-hidden="true">×</span>
        </button>
      )}
      {isAsking && (
        <Confirm
          title={t.value.removeMemberTitle(name)}
          hint={t.value.removeMemberHint}
          word={t.value.remove}
          onConfirm={removal.start}
          onClose={() => setAsking(false)}
        />
      )}
    </Person>
  );
});

function Leave({ title, onLeave }: { title: string; onLeave: () => Promise<void> }) {
  const [isAsking, setAsking] = useState(false);
  const leave = useAction(onLeave);
  return (
    <div class="leave">
      <Problem code={leave.code} />
      <button class="danger" type="button" disabled={leave.busy} onClick={() => setAsking(true)}>
        {t.value.leaveRoom}
      </button>
      {isAsking && (
        <Confirm
          title={t.value.leaveTitle(title)}
          hint={t.value.leaveHint}
          word={t.value.leave}
          stay={t.value.stay}
          onConfirm={leave.start}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
