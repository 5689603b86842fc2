/** How much there is to read, where it shows while the client does not: in the tab's title and on the installed app's icon. */

const NAME = "Holdfast";

/** Shows that `count` messages are unread, on a page that is called `title`. */
export function showCount(count: number, title: string): void {
  const page = title === "" ? NAME : `${title} · ${NAME}`;
  document.title = count === 0 ? page : `(${count}) ${page}`;
  // Not every browser has badges, and one that has them may have its reasons not to show them.
  if (!("setAppBadge" in navigator)) return;
  const shown = count === 0 ? navigator.clearAppBadge() : navigator.setAppBadge(count);
  shown.catch(() => undefined);
}
