import { lastHeard, nameOf } from "./client";
import { said } from "./said";
import { t } from "./texts";

/**
 * Says new messages of others aloud. The log itself is silent: what is drawn in it while one scrolls is not news.
 */
export function Announcer() {
  const message = lastHeard.value;
  return (
    <div class="unseen" aria-live="polite">
      {message !== undefined && <p key={message.id}>{t.value.said(nameOf(message.userId), said(message))}</p>}
    </div>
  );
}
