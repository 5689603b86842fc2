import type { ComponentChildren } from "preact";
import { route } from "./account";
import { Icon } from "./icon";
import { overviewPath } from "./routes";
import { Status } from "./status";
import { t } from "./texts";

interface HeaderProps {
  readonly title: string;
  readonly note?: string | undefined;
  readonly children?: ComponentChildren;
}

/** The top of a page: the way back on narrow screens, its title, how the connection is. */
export function Header({ title, note, children }: HeaderProps) {
  return (
    <header class="header">
      {route.value.page !== "overview" && (
        <a class="back" href={overviewPath} aria-label={t.value.backToRooms}>
          <Icon name="back" />
        </a>
      )}
      <div class="heading">
        <h1>{title}</h1>
        {note !== undefined && <p class="quiet small">{note}</p>}
      </div>
      <Status />
      {children}
    </header>
  );
}
