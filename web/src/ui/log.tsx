import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { hasOlder, isFull, items, type Timeline } from "../sdk/timeline";
import { useAction } from "./action";
import { Article } from "./article";
import { nameOf, readOlder, roster, status, type RoomView } from "./client";
import { dayName } from "./format";
import { firstNewIndex, newsBeyond } from "./news";
import { readersOf, seenUpTo } from "./readers";
import { rowsOf, type Row } from "./rows";
import { useSeen } from "./seen";
import { t } from "./texts";
import { usePlace } from "./place";

/** Pixels above and below what is seen that are drawn too, so that nothing is blank while one scrolls, and most rooms are drawn whole. */
const DRAWN_PX = 2_500;

/** What is above is read when there are fewer screens than this left. */
const NEAR_TOP = 4;

/** Pixels of the note above the first message, as in the styles. */
const NOTE_PX = 64;

interface LogProps {
  readonly roomId: string;
  /** What is said above the very first message. */
  readonly beginning: string;
  readonly view: RoomView | undefined;
  /** Whether something stands over it. */
  readonly isCovered: boolean;
}

/** What was said. It stays at its newest while one is there, and where one reads while one reads. */
export function Log({ roomId, beginning, view, isCovered }: LogProps) {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const timeline = view?.timeline;
  const rows = useMemo(
    () => (timeline === undefined ? [] : rowsOf(items(timeline), timeline.userId, hasOlder(timeline))),
    [timeline],
  );
  const me = timeline?.userId;
  const { isAtEnd, isPrepended, top, scrolled, settled, toEnd, toRow } = usePlace(box, list, rows);
  const { newFrom, newer } = useSeen(roomId, view, isAtEnd && !isCovered);
  const line = firstNewIndex(rows, newFrom, me);
  const { members } = roster.value;
  const readers = useMemo(() => readersOf(rows, members, me), [rows, members]);
  const seen = useMemo(() => seenUpTo(members, me), [members]);

  const older = useAction(readOlder);
  const canReadOlder = timeline?.loaded === true && hasOlder(timeline);
  const readNear = () => {
    const { scrollTop = 0, clientHeight = 0 } = box.current ?? {};
    if (scrollTop < NEAR_TOP * clientHeight && canReadOlder && older.code === undefined) older.start();
  };
  // A page that adds less than a screen leaves nothing to scroll by.
  useEffect(readNear, [rows.length, canReadOlder, older.busy]);

  return (
    <div class="log-frame">
      <div
        class="log"
        role="log"
        aria-label={t.value.messages}
        aria-live="off"
        tabIndex={0}
        ref={box}
        onScrollCapture={() => {
          scrolled();
          readNear();
        }}
      >
        <Top beginning={beginning} timeline={timeline} older={older} />
        <Virtualizer
          ref={list}
          data={rows}
          shift={isPrepended}
          bufferSize={DRAWN_PX}
          startMargin={NOTE_PX}
          scrollRef={box}
          onResize={settled}
        >
          {(row) => (
            <Line
              key={row.key}
              row={row}
              me={me}
              isNew={row.key === rows[line]?.key}
              isSeen={row.seq !== undefined && row.seq <= seen}
              readers={readers.get(row.key) ?? none}
            />
          )}
        </Virtualizer>
      </div>
      {line >= 0 && timeline !== undefined && (
        <ToNew
          key={newFrom}
          isAbove={line < rows.findIndex(({ key }) => key === top)}
          count={newsBeyond(timeline.messages, newFrom ?? 0, timeline.userId)}
          onGo={() => {
            toRow(line);
            box.current?.focus();
          }}
        />
      )}
      {!isAtEnd && (
        <button
          class="jump"
          type="button"
          onClick={() => {
            toEnd();
            box.current?.focus();
          }}
        >
          {newer > 0 ? t.value.jumpToNew(newer) : t.value.jumpToLatest}
        </button>
      )}
    </div>
  );
}

/** The way up to what is new, until one has been there. */
function ToNew({ isAbove, count, onGo }: { isAbove: boolean; count: number; onGo: () => void }) {
  const [isPast, setPast] = useState(false);
  const wasAbove = useRef(isAbove);
  useEffect(() => {
    if (wasAbove.current && !isAbove) setPast(true);
    wasAbove.current = isAbove;
  }, [isAbove]);
  if (!isAbove || isPast) return null;
  return (
    <button class="to-new" type="button" onClick={onGo}>
      {t.value.unreadAbove(count)}
    </button>
  );
}

const none: readonly string[] = [];

interface LineProps {
  readonly row: Row;
  readonly me: string | undefined;
  readonly isNew: boolean;
  /** Whether anybody else has read it. */
  readonly isSeen: boolean;
  readonly readers: readonly string[];
}

/** A message with what stands above it. */
function Line({ row, me, isNew, isSeen, readers }: LineProps) {
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
        isSeen={isSeen}
        readers={readers === none ? none : readers.map(nameOf)}
      />
    </>
  );
}

interface TopProps {
  /** What is said above the very first message. */
  readonly beginning: string;
  readonly timeline: Timeline | undefined;
  readonly older: { readonly start: () => void; readonly busy: boolean; readonly code: string | undefined };
}

/** What stands above the first message that is here. */
function Top({ beginning, timeline, older }: TopProps) {
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
        <p>{beginning}</p>
      )}
    </div>
  );
}
