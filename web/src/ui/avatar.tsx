const HUES = 8;

/** A letter on a colour that stays the same for a name; with a dot where it is known whether they are there. */
export function Avatar({ id, name, isOnline }: { id: string; name: string; isOnline?: boolean | undefined }) {
  const hue =
    Array.from(id).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9_973, 7) % HUES;
  const [letter = "?"] = name;
  return (
    <span class={`avatar hue-${hue}`} aria-hidden="true" data-online={isOnline}>
      {letter.toUpperCase()}
    </span>
  );
}
