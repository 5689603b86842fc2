import { useEffect, useRef, useState } from "preact/hooks";
import { maxTextChars, typed, write } from "./state";
import { texts } from "./texts";

/** From how few characters left on they are counted. */
const NEAR_LIMIT = 500;

/** Where one writes. What was typed stays with its room until it is sent. */
export function Composer({ roomId, title }: { roomId: string; title: string }) {
  const [text, setText] = useState(typed.get(roomId) ?? "");
  const [problem, setProblem] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // A keyboard that slides in by itself is a nuisance.
    if (matchMedia("(pointer: fine)").matches) box.current?.focus();
  }, []);

  const change = (next: string) => {
    typed.set(roomId, next);
    setText(next);
  };
  const trimmed = text.trim();
  const left = maxTextChars.value - Array.from(trimmed).length;
  const isSendable = trimmed !== "" && left >= 0;
  const send = () => {
    if (!isSendable) return;
    change("");
    setProblem(false);
    box.current?.focus();
    write(roomId, trimmed).catch(() => {
      setProblem(true);
      change([text, typed.get(roomId) ?? ""].filter((part) => part !== "").join("\n"));
    });
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {problem && (
        <p class="problem" role="alert">
          {texts.cannotWrite}
        </p>
      )}
      <div class="box">
        <textarea
          ref={box}
          rows={1}
          value={text}
          aria-label={texts.message}
          aria-describedby="composer-hint"
          placeholder={texts.messageTo(title)}
          onInput={(event) => change(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <button class="primary" type="submit" disabled={!isSendable}>
          {texts.send}
        </button>
      </div>
      <p class="hint" id="composer-hint" data-over={left < 0}>
        {left > NEAR_LIMIT
          ? texts.sendHint
          : left < 0
            ? texts.charactersOver(-left)
            : texts.charactersLeft(left)}
      </p>
    </form>
  );
}
