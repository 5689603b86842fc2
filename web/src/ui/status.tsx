import { status } from "./state";
import { texts } from "./texts";

/** How the connection is, in a few words. */
export function Status() {
  return (
    <p class="status" role="status" data-status={status.value}>
      <span class="dot" aria-hidden="true" />
      <span class="words">{texts.status[status.value]}</span>
    </p>
  );
}
