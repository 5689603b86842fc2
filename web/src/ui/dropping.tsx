import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { attachTo } from "./attach";
import { t } from "./texts";

interface DroppingProps {
  readonly roomId: string;
  /** Whether something stands over it. */
  readonly isInert: boolean;
  readonly children: ComponentChildren;
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") === true;
}

/** Keeps files that miss the conversation from taking the page's place. The result ends that. */
export function catchStrayDrops(): () => void {
  const stray = (event: DragEvent) => {
    if (event.defaultPrevented || !hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
  };
  window.addEventListener("dragover", stray);
  window.addEventListener("drop", stray);
  return () => {
    window.removeEventListener("dragover", stray);
    window.removeEventListener("drop", stray);
  };
}

/** Takes files that are dropped anywhere on the conversation. */
export function Dropping({ roomId, isInert, children }: DroppingProps) {
  const [isOver, setOver] = useState(false);
  return (
    <div
      class="talk"
      inert={isInert}
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)))
          setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        if (!hasFiles(event)) return;
        event.preventDefault();
        attachTo(roomId, [...(event.dataTransfer?.files ?? [])]);
      }}
    >
      {children}
      {isOver && <p class="dropping">{t.value.dropHere}</p>}
    </div>
  );
}
