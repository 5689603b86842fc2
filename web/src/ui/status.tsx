import { behind, status, unsent } from "./client";
import { t } from "./texts";

/** How the connection is, and what waits for it, in a few words. */
export function Status() {
  const waiting = unsent.value.filter(({ state }) => state !== "failed").length;
  const word =
    status.value === "resyncing" && behind.value > 0
      ? t.value.behind(behind.value)
      : t.value.status[status.value];
  const more = [
    status.value === "offline" ? t.value.offlineHint : "",
    waiting > 0 && status.value !== "current" ? t.value.waiting(waiting) : "",
  ].filter((part) => part !== "");
  return (
    <p class="status" role="status" data-status={status.value} title={[word, ...more].join(" · ")}>
      <span class="dot" aria-hidden="true" />
      <span class="words">{word}</span>
      {more.map((part) => (
        <span key={part} class="more">
          {" "}
          · {part}
        </span>
      ))}
    </p>
  );
}
