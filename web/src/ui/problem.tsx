import { errorText } from "./texts";

interface ProblemProps {
  /** The code of what went wrong; nothing where nothing did. */
  readonly code: string | undefined;
  /** What to say of a code instead of the usual. */
  readonly words?: Readonly<Record<string, string>>;
}

/** Says what went wrong with a call. */
export function Problem({ code, words = {} }: ProblemProps) {
  if (code === undefined) return null;
  return (
    <p class="problem" role="alert">
      {(Object.hasOwn(words, code) ? words[code] : undefined) ?? errorText(code)}
    </p>
  );
}
