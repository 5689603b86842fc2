import { memo } from "preact/compat";
import { Attachment, PendingAttachment } from "./attachment";
import { Avatar } from "./avatar";
import { Body } from "./body";
import { remove, retry } from "./client";
import { clockTime, exactTime } from "./format";
import { Icon } from "./icon";
import type { Row } from "./rows";
import { errorText, t } from "./texts";

interface ArticleProps {
  readonly row: Row;
  readonly name: string;
  readonly isOwn: boolean;
  /** Whether anybody else has read it. */
  readonly isSeen: boolean;
  /** Names of those who have read it and no later one of the same author. */
  readonly readers: readonly string[];
}

/** One message. */
export const Article = memo(function Article({ row, name, isOwn, isSeen, readers }: ArticleProps) {
  const exact = exactTime(row.at);
  const time = (
    <time datetime={row.at} title={exact}>
      {clockTime(row.at)}
    </time>
  );
  return (
    <article
      role="article"
      class={row.startsGroup ? "message first" : "message"}
      data-seq={row.seq}
      data-state={row.state}
      data-own={isOwn}
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
        {row.text !== "" && <Body text={row.text} />}
        {row.file !== undefined && <Attachment file={row.file} />}
        {row.own !== undefined && <PendingAttachment own={row.own} />}
        {row.state === "failed" && row.own !== undefined && <Failure own={row.own} />}
        {readers.length > 0 && <p class="seen">{seenBy(readers)}</p>}
      </div>
      {isOwn && <State state={row.state} isSeen={isSeen} />}
    </article>
  );
});

function Failure({ own }: { own: NonNullable<Row["own"]> }) {
  const { clientMsgId, failure } = own;
  return (
    <div class="failure">
      <span>
        {t.value.states.failed}: {errorText(failure?.code ?? "fault")}
      </span>
      <button type="button" onClick={() => void retry(clientMsgId)}>
        {t.value.tryAgain}
      </button>
      <button class="danger" type="button" onClick={() => void remove(clientMsgId)}>
        {t.value.delete}
      </button>
    </div>
  );
}

function State({ state, isSeen }: { state: Row["state"]; isSeen: boolean }) {
  const word = isSeen ? t.value.seen : t.value.states[state];
  return (
    <span class="state" role="img" aria-label={word} title={word}>
      <Icon name={isSeen ? "seen" : state} />
    </span>
  );
}

/** More readers than these are counted. */
const NAMED = 3;

function seenBy(readers: readonly string[]): string {
  const more = readers.length - NAMED;
  return more > 0 ? t.value.seenByMore(readers.slice(0, NAMED), more) : t.value.seenBy(readers);
}
