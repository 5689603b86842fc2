import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { attachTo } from "./attach";
import { t } from "./texts";

/** Takes files that are dropped anywhere on the conversation. */
export function Dropping({ roomId, children }: { roomId: string; children: ComponentChildren }) {
  const [isOver, setOver] = useState(false);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
  return (
    <div
      class="talk"
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
