import { useEffect, useRef, useState } from "preact/hooks";
import { attaching, attachProblem, attachTo } from "./attach";
import { draft, limits, post, typeText } from "./client";
import { Icon } from "./icon";
import { useMedia } from "./media";
import { Staged } from "./staged";
import { t } from "./texts";

/** From how few characters left on they are counted. */
const NEAR_LIMIT = 500;

/** Where one writes. What stands here stays with its room until it is sent. */
export function Composer({ roomId, placeholder }: { roomId: string; placeholder: string }) {
  const [hasFailed, setFailed] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const isComposed = useRef(false);
  const { text, files } = draft.value;
  // Such a keyboard has no Shift-Enter: Enter breaks, the button sends.
  const isTouched = useMedia("(pointer: coarse)");
  useEffect(() => {
    attachProblem.value = undefined;
    // A keyboard that slides in by itself is a nuisance.
    if (!isTouched) box.current?.focus();
  }, [roomId]);

  const left = limits.value.maxTextChars - Array.from(text.trim()).length;
  const isSendable = (text.trim() !== "" || files.length > 0) && left >= 0 && attaching.value === 0;
  const send = () => {
    if (!isSendable) return;
    setFailed(false);
    attachProblem.value = undefined;
    box.current?.focus();
    post(roomId, text).catch(() => setFailed(true));
  };
  const problem = hasFailed ? t.value.cannotWrite : attachProblem.value;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <Staged roomId={roomId} files={files} />
      <div class="box">
        <AttachButton roomId={roomId} />
        <textarea
          ref={box}
          rows={1}
          value={text}
          dir="auto"
          aria-label={t.value.message}
          aria-describedby="composer-hint"
          placeholder={placeholder}
          onInput={(event) => typeText(roomId, event.currentTarget.value)}
          onPaste={(event) => {
            const pasted = [...(event.clipboardData?.files ?? [])];
            // Tables and formatted texts come with a picture of themselves.
            if (pasted.length === 0 || event.clipboardData?.types.includes("text/plain") === true) return;
            event.preventDefault();
            attachTo(roomId, pasted);
          }}
          onCompositionEnd={() => (isComposed.current = true)}
          onKeyUp={() => (isComposed.current = false)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || isTouched) return;
            // Enter commits what an input method puts together; Safari says that it is over before it says Enter.
            if (event.isComposing || isComposed.current) return;
            event.preventDefault();
            send();
          }}
        />
        <button class="primary" type="submit" disabled={!isSendable}>
          {t.value.send}
        </button>
      </div>
      <Hint left={left} />
    </form>
  );
}

function AttachButton({ roomId }: { roomId: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          attachTo(roomId, [...(event.currentTarget.files ?? [])]);
          // So that the same file may be chosen again.
          event.currentTarget.value = "";
        }}
      />
      <button
        class="slight"
        type="button"
        aria-label={t.value.attachFile}
        title={t.value.attachFile}
        onClick={() => input.current?.click()}
      >
        <Icon name="attach" />
      </button>
    </>
  );
}

function Hint({ left }: { left: number }) {
  const words =
    left > NEAR_LIMIT
      ? t.value.sendHint
      : left < 0
        ? t.value.charactersOver(-left)
        : t.value.charactersLeft(left);
  return (
    <p class="hint" id="composer-hint" data-over={left < 0}>
      {words}
    </p>
  );
}
