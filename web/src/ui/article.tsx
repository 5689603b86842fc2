import { Avatar } from "./avatar";
import { clockTime, exactTime } from "./format";
import type { Row } from "./rows";
import { remove, retry } from "./state";
import { errorText, texts } from "./texts";

/** One message. Its text is text, whatever is in it. */
export function Article({ row, name, isOwn }: { row: Row; name: string; isOwn: boolean }) {
  const exact = exactTime(row.at);
  const time = (
    <time datetime={row.at} title={exact}>
      {clockTime(row.at)}
    </time>
  );
  return (
    <article
      class={row.startsGroup ? "message first" : "message"}
      data-seq={row.seq}
      data-state={row.state}
      data-own={isOwn}
      title={exact}
    >
      <div class="gutter">{row.startsGroup ? <Avatar id={row.userId} name={name} /> : time}</div>
      <div class="body">
        {row.startsGroup ? (
          <header>
            <strong>{name}</strong> {time}
          </header>
        ) : (
          <span class="unseen">{name}</span>
        )}
        <p class="text">{row.text}</p>
        {row.state === "failed" && <Failure row={row} />}
      </div>
      {isOwn && <State state={row.state} />}
    </article>
  );
}

function Failure({ row }: { row: Row }) {
  return (
    <div class="failure">
      <span>
        {texts.states.failed}: {errorText(row.failure ?? "fault")}
      </span>
      <button type="button" onClick={() => void retry(row.clientMsgId)}>
        {texts.tryAgain}
      </button>
      <button class="danger" type="button" onClick={() => void remove(row.clientMsgId)}>
        {texts.delete}
      </button>
    </div>
  );
}

const signs: Record<Row["state"], string> = {
  queued: "M8 4.5V8l2.5 1.5M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z",
  sending: "M8 13V3M4 7l4-4 4 4",
  stored: "m3 8.5 3.5 3.5L13 4.5",
  failed: "M8 4v5M8 11.5v.5",
};

function State({ state }: { state: Row["state"] }) {
  return (
    <span class="state" role="img" aria-label={texts.states[state]} title={texts.states[state]}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={signs[state]} />
      </svg>
    </span>
  );
}
