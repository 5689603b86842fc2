import type { Invite } from "../sdk/wire";
import { useAction } from "./action";
import { Avatar } from "./avatar";
import { Card } from "./card";
import { listing, nameOf, refresh, rest } from "./client";
import { Problem } from "./problem";
import { navigate } from "./router";
import { roomPath } from "./routes";
import { t } from "./texts";

/** The rooms that the user is invited to. */
export function Invites() {
  const { invites, loaded } = listing.value;
  return (
    <Card title={t.value.invites}>
      {loaded && invites.length === 0 && <p class="quiet">{t.value.noInvites}</p>}
      <ul class="plain">
        {invites.map((invite) => (
          <li key={invite.id}>
            <InviteRow invite={invite} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function InviteRow({ invite }: { invite: Invite }) {
  const answer = useAction(async (word: "accept" | "reject") => {
    await rest.answerInvite(invite.id, word).finally(refresh);
    if (word === "accept") navigate(roomPath(invite.roomId));
  });
  return (
    <div class="person">
      <Avatar id={invite.fromUserId} name={nameOf(invite.fromUserId)} />
      <div class="who">
        <strong>{invite.roomId}</strong>
        <span class="quiet small">{t.value.invitedBy(nameOf(invite.fromUserId))}</span>
        <Problem code={answer.code} />
      </div>
      <Answers busy={answer.busy} onAnswer={answer.start} />
    </div>
  );
}

/** Yes or no to who asks. */
export function Answers({
  busy,
  onAnswer,
}: {
  busy: boolean;
  onAnswer: (word: "accept" | "reject") => void;
}) {
  return (
    <span class="actions">
      <button class="primary" type="button" disabled={busy} onClick={() => onAnswer("accept")}>
        {t.value.accept}
      </button>
      <button type="button" disabled={busy} onClick={() => onAnswer("reject")}>
        {t.value.decline}
      </button>
    </span>
  );
}
