import { computed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { User } from "../sdk/wire";
import { Avatar } from "./avatar";
import { isThere } from "./presence";
import { t } from "./texts";

interface PersonProps {
  readonly user: User;
  readonly note?: string;
  readonly children?: ComponentChildren;
}

/** Somebody in a list: who, whether they are there where that is known, and what may be done. */
export function Person({ user: { userId, displayName }, note, children }: PersonProps) {
  // Its own value: that others come and go is nothing to this row.
  const isOnline = useMemo(() => computed(() => isThere(userId)), [userId]).value;
  return (
    <div class="person">
      <Avatar id={userId} name={displayName} isOnline={isOnline} />
      <span class="who">
        <span class="name">{displayName}</span>
        {(note !== undefined || displayName !== userId) && <span class="quiet small">{note ?? userId}</span>}
        {isOnline !== undefined && <span class="unseen">{isOnline ? t.value.online : t.value.offline}</span>}
      </span>
      {children}
    </div>
  );
}
