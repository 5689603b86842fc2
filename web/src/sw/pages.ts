/** Which addresses show a page of the client, and not a file or an answer of the API. */

const PAGE = /^\/(?:login|rt|settings|[ab]\/[^/]+)?$/;

export function isPage(url: URL): boolean {
  return PAGE.test(url.pathname);
}
