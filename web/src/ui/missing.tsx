import type { ComponentChildren } from "preact";
import { Header } from "./header";
import { overviewPath } from "./routes";
import { t } from "./texts";

interface MissingProps {
  readonly title: string;
  readonly hint: string;
  readonly children?: ComponentChildren;
}

/** Instead of what is not there. */
export function Missing({ title, hint, children }: MissingProps) {
  return (
    <main class="main missing">
      <Header title={title} />
      <div class="empty">
        <p>{hint}</p>
        {children}
        <a class="button" href={overviewPath}>
          {t.value.toOverview}
        </a>
      </div>
    </main>
  );
}
