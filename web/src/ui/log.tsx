import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { hasOlder, items, missing, watermark } from "../sdk/timeline";
import { useAction } from "./action";
import { Article } from "./article";
import { dayName } from "./format";
import { rowsOf, type Row } from "./rows";
import { sawUpTo } from "./seen";
import { names, readOlder, type RoomView } from "./state";
import { texts } from "./texts";

/** Closer to an end than this, in pixels, counts as there. */
const NEAR = 60;
const NEAR_TOP = 400;

/** What was said. It stays at its newest while one is there, and where one reads while one reads. */
export function Log({ title, view }: { title: string; view: RoomView | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const older = useAction(readOlder);
  const timeline = view?.timeline;
  const rows = timeline === undefined ? [] : rowsOf(items(timeline), timeline.userId);
  useKeptPlace(box, rows, isAtEnd);
  const newer = useNewer(view, isAtEnd);

  const isLoaded = timeline?.loaded === true;
  const canReadOlder = isLoaded && hasOlder(timeline);
  const isBehind = isLoaded && missing(timeline) > 0;
  const scrolled = () => {
    const { current } = box;
    if (current === null) return;
    setAtEnd(current.scrollHeight - current.scrollTop - current.clientHeight < NEAR);
    if (current.scrollTop < NEAR_TOP && canReadOlder && older.code === undefined) older.start();
  };

  return (
    <div class="log-frame">
      <div class="log" role="log" aria-label={texts.messages} tabIndex={0} ref={box} onScroll={scrolled}>
        {!isLoaded && <p class="note">{texts.loadingMessages}</p>}
        {isLoaded && !canReadOlder && <p class="note">{texts.beginning(title)}</p>}
        {canReadOlder && (
          <p class="note">
            {older.code !== undefined && <span class="problem">{texts.olderFailed} </span>}
            <button type="button" disabled={older.busy} onClick={() => older.start()}>
              {texts.loadOlder}
            </button>
          </p>
        )}
        {rows.map((row) => (
          <Fragment key={row.key}>
            {row.startsDay && <Day at={row.at} />}
            <Article
              row={row}
              name={names.value.get(row.userId) ?? row.userId}
              isOwn={row.userId === timeline?.userId}
            />
          </Fragment>
        ))}
        {isBehind && <p class="note">{texts.catchingUp(missing(timeline))}</p>}
      </div>
      {!isAtEnd && (
        <button class="jump" type="button" onClick={() => toEnd(box.current)}>
          {newer > 0 ? texts.jumpToNew(newer) : texts.jumpToLatest}
        </button>
      )}
    </div>
  );
}

function Day({ at }: { at: string }) {
  return (
    <h3 class="day">
      <span>{dayName(at, new Date())}</span>
    </h3>
  );
}

function toEnd(box: HTMLElement | null): void {
  box?.scrollTo({ top: box.scrollHeight });
}

/** Holds the scroll position: at the end while one is there or has just written, else at the message that one reads. */
function useKeptPlace(
  box: { readonly current: HTMLDivElement | null },
  rows: readonly Row[],
  isAtEnd: boolean,
): void {
  const before = useRef({ first: "", lastOwn: "", height: 0 });
  useLayoutEffect(() => {
    const { current } = box;
    if (current === null) return;
    const first = rows[0]?.key ?? "";
    const lastOwn = rows.findLast((row) => row.state === "queued")?.key ?? before.current.lastOwn;
    const hasWritten = lastOwn !== before.current.lastOwn;
    if (isAtEnd || hasWritten) toEnd(current);
    else if (first !== before.current.first)
      current.scrollTop += current.scrollHeight - before.current.height;
    before.current = { first, lastOwn, height: current.scrollHeight };
  });
  useEffect(() => {
    const { current } = box;
    if (current === null || !isAtEnd) return undefined;
    // The composer grows, a keyboard slides in.
    const observer = new ResizeObserver(() => toEnd(current));
    observer.observe(current);
    return () => observer.disconnect();
  }, [isAtEnd]);
}

/** How many messages have come since one left the end; those seen at the end are remembered. */
function useNewer(view: RoomView | undefined, isAtEnd: boolean): number {
  const timeline = view?.timeline;
  const end = timeline === undefined ? 0 : watermark(timeline);
  const [leftAt, setLeftAt] = useState(0);
  useEffect(() => {
    if (isAtEnd) setLeftAt(end);
    const see = () => {
      const isSeen = isAtEnd && timeline?.loaded === true && document.visibilityState === "visible";
      if (isSeen) sawUpTo(timeline.roomId, end);
    };
    see();
    document.addEventListener("visibilitychange", see);
    return () => document.removeEventListener("visibilitychange", see);
  }, [isAtEnd, end, timeline?.loaded]);
  return isAtEnd || leftAt === 0 ? 0 : Math.max(0, end - leftAt);
}
