import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A part of a page under a heading. */
export function Card({ title, children }: { title: string; children: ComponentChildren }) {
  const heading = useId();
  return (
    <section class="card" aria-labelledby={heading}>
      <h2 id={heading}>{title}</h2>
      {children}
    </section>
  );
}
