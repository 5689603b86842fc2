import type { ComponentChildren } from "preact";
import { overviewPath } from "./routes";
import { route } from "./state";
import { Status } from "./status";
import { texts } from "./texts";

/** The top of a page: the way back on narrow screens, its title, how the connection is. */
export function Header({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <header class="header">
      {route.value.page !== "overview" && (
        <a class="back" href={overviewPath} aria-label={texts.backToRooms}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M10 3 5 8l5 5" />
          </svg>
        </a>
      )}
      <h1>{title}</h1>
      <Status />
      {children}
    </header>
  );
}
