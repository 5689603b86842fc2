import type { ComponentChildren } from "preact";
import { Header } from "./header";
import { overviewPath } from "./routes";
import { texts } from "./texts";

/** Instead of what is not there. */
export function Missing({
  title,
  hint,
  children,
}: {
  title: string;
  hint: string;
  children?: ComponentChildren;
}) {
  return (
    <main class="main">
      <Header title={title} />
      <div class="empty">
        <p>{hint}</p>
        <a class="button" href={overviewPath}>
          {texts.toOverview}
        </a>
        {children}
      </div>
    </main>
  );
}
