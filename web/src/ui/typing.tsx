import { nameOf, roster } from "./client";
import { t } from "./texts";

/** More than these are not named. */
const NAMED = 3;

/** Who is typing in the room on screen. The line keeps its place, so that nothing moves. */
export function Typing() {
  const { typing } = roster.value;
  const words = typing.length > NAMED ? t.value.severalTyping : t.value.typing(typing.map(nameOf));
  return (
    <p class="typing" data-typing={typing.length > 0}>
      {typing.length > 0 && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {words}
        </>
      )}
    </p>
  );
}
