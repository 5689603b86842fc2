import { useEffect, useMemo, useRef } from "preact/hooks";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { hasOlder, isFull, items, missing, type Timeline } from "../sdk/timeline";
import { useAction } from "./action";
import { Article } from "./article";
import { nameOf, readOlder, roster, status, type RoomView } from "./client";
import { dayName } from "./format";
import { readersOf } from "./readers";
import { rowsOf, type Row } from "./rows";
import { useSeen } from "./seen";
import { t } from "./texts";
import { usePlace } from "./place";

/** Pixels above and below what is seen that are drawn too, so that nothing is blank while one scrolls, and most rooms are drawn whole. */
const DRAWN_PX = 2_500;

/** What is above is read when there are fewer pixels than this left. */
const NEAR_TOP_PX = 3_000;

/** Pixels of the note above the first message, as in the styles. */
const NOTE_PX = 64;

interface LogProps {
  readonly roomId: string;
  readonly title: string;
  readonly view: RoomView | undefined;
}

/** What was said. It stays at its newest while one is there, and where one reads while one reads. */
export function Log({ roomId, title, view }: LogProps) {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const timeline = view?.timeline;
  const rows = useMemo(
    () => (timeline === undefined ? [] : rowsOf(items(timeline), timeline.userId)),
    [timeline],
  );
  const { isAtEnd, isPrepended, scrolled, settled, toEnd } = usePlace(list, rows);
  const { newFrom, newer } = useSeen(roomId, timeline, isAtEnd);
  const { members } = roster.value;
  const readers = useMemo(() => readersOf(rows, members, timeline?.userId), [rows, members]);
  const firstNew = rows[firstNewIndex(rows, newFrom, timeline?.userId)]?.key;

  const older = useAction(readOlder);
  const canReadOlder = timeline?.loaded === true && hasOlder(timeline);
  const readNear = (offset: number) => {
    if (offset < NEAR_TOP_PX && canReadOlder && older.code === undefined) older.start();
  };
  // A page that adds less than a screen leaves nothing to scroll by.
  useEffect(() => readNear(list.current?.scrollOffset ?? 0), [rows.length, canReadOlder, older.busy]);

  return (
    <div class="log-frame">
      <div class="log" role="log" aria-label={t.value.messages} aria-live="off" tabIndex={0} ref={box}>
        <Top title={title} timeline={timeline} older={older} />
        <Virtualizer
          ref={list}
          data={rows}
          shift={isPrepended}
          bufferSize={DRAWN_PX}
          startMargin={NOTE_PX}
          scrollRef={box}
          onScroll={(offset) => {
            scrolled(offset);
            readNear(offset);
          }}
          onResize={settled}
        >
          {(row) => (
            <Line
              key={row.key}
              row={row}
              me={timeline?.userId}
              isNew={row.key === firstNew}
              readers={readers.get(row.key) ?? none}
            />
          )}
        </Virtualizer>
      </div>
      {timeline?.loaded === true && missing(timeline) > 0 && !isAtEnd && (
        <p class="behind" role="status">
          {t.value.behind(missing(timeline))}
        </p>
      )}
      {!isAtEnd && (
        <button class="jump" type="button" onClick={toEnd}>
          {newer > 0 ? t.value.jumpToNew(newer) : t.value.jumpToLatest}
        </button>
      )}
    </div>
  );
}

const none: readonly string[] = [];

interface LineProps {
  readonly row: Row;
  readonly me: string | undefined;
  readonly isNew: boolean;
  readonly readers: readonly string[];
}

/** A message with what stands above it. */
function Line({ row, me, isNew, readers }: LineProps) {
  return (
    <>
      {row.startsDay && (
        <h2 class="day">
          <span>{dayName(row.at, new Date())}</span>
        </h2>
      )}
      {isNew && (
        <p class="new-line" role="separator" aria-label={t.value.unread}>
          <span>{t.value.unread}</span>
        </p>
      )}
      <Article
        row={row}
        name={nameOf(row.userId)}
        isOwn={row.userId === me}
        readers={readers === none ? none : readers.map(nameOf)}
      />
    </>
  );
}

interface TopProps {
  readonly title: string;
  readonly timeline: Timeline | undefined;
  readonly older: { readonly start: () => void; readonly busy: boolean; readonly code: string | undefined };
}

/** What stands above the first message that is here. */
function Top({ title, timeline, older }: TopProps) {
  return (
    <div class="log-top">
      {timeline?.loaded !== true ? (
        <p>{status.value === "offline" ? t.value.notKept : t.value.loadingMessages}</p>
      ) : isFull(timeline) ? (
        <p>{t.value.fullTitle}</p>
      ) : hasOlder(timeline) ? (
        <>
          {older.code !== undefined && <p class="problem">{t.value.olderFailed}</p>}
          <button type="button" disabled={older.busy} onClick={older.start}>
            {t.value.loadOlder}
          </button>
        </>
      ) : (
        <p>{t.value.beginning(title)}</p>
      )}
    </div>
  );
}

/** The first message of somebody else beyond what had been read. */
function firstNewIndex(rows: readonly Row[], newFrom: number | undefined, me: string | undefined): number {
  if (newFrom === undefined) return -1;
  let first = -1;
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (row?.seq !== undefined && row.seq <= newFrom) break;
    if (row?.seq !== undefined && row.userId !== me) first = index;
  }
  return first;
}
