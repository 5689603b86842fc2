const HUES = 8;

/** A letter on a colour that stays the same for a name. */
export function Avatar({ id, name }: { id: string; name: string }) {
  const hue =
    Array.from(id).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9_973, 7) % HUES;
  const [letter = "?"] = name;
  return (
    <span class={`avatar hue-${hue}`} aria-hidden="true">
      {letter.toUpperCase()}
    </span>
  );
}
