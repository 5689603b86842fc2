import type { ComponentChildren } from "preact";
import { createPortal } from "preact/compat";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "./texts";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/**
 * A window over the page that keeps the keyboard to itself until it is closed, with Escape too. It is open while it is
 * rendered, and stands apart from where that is, which may be hidden on a narrow screen.
 */
export function Dialog({ title, onClose, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return createPortal(
    <dialog ref={box} aria-labelledby={heading} onClose={onClose}>
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>,
    document.body,
  );
}

interface ConfirmProps {
  readonly title: string;
  readonly hint: string;
  /** What the button says that does it. */
  readonly word: string;
  /** What the other one says, where that is more than to cancel. */
  readonly stay?: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks once more before what cannot be undone. */
export function Confirm({ title, hint, word, stay, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{hint}</p>
      <div class="actions">
        <button class="primary" type="button" onClick={onClose}>
          {stay ?? t.value.cancel}
        </button>
        <button
          class="danger"
          type="button"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {word}
        </button>
      </div>
    </Dialog>
  );
}
