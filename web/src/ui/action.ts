import { useState } from "preact/hooks";
import { codeOf } from "../sdk/errors";

/** A call that a button starts: not twice at a time, and with the code of what went wrong. */
export function useAction<A extends unknown[]>(run: (...args: A) => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [code, setCode] = useState<string | undefined>(undefined);
  const start = (...args: A): void => {
    if (busy) return;
    setBusy(true);
    setCode(undefined);
    run(...args)
      .catch((error: unknown) => setCode(codeOf(error)))
      .finally(() => setBusy(false));
  };
  return { start, busy, code };
}
