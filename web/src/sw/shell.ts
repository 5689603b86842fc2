/** The files of the client, kept in the browser: it opens without a network, and at once where the network is bad. */

/** Written in when the worker is built. */
declare const HOLDFAST_BUILD: {
  /** Differs where any of the files does. */
  readonly version: string;
  /** Addresses of all files beside the page itself. */
  readonly files: readonly string[];
};

/** The build that this worker belongs to. */
const BUILD = HOLDFAST_BUILD;

/** Where the page itself is kept; it is the same for each address. */
const PAGE = "/";
const PREFIX = "holdfast-shell-";
const OWN = PREFIX + BUILD.version;

/** Files differ by what a browser takes, and there is one browser here. */
const ANY_FORM = { ignoreVary: true };

/** How long a page's address is waited for before the kept page is shown. */
const PATIENCE_MS = 3_000;

/** What a proxy says whose gateway is not there. */
const AWAY: readonly number[] = [502, 503, 504];

/** Whether the build has a file at this address. */
export function isFile(url: URL): boolean {
  return BUILD.files.includes(url.pathname) || url.pathname.startsWith("/assets/");
}

/** Fetches the whole build. Fails unless every file of it is there, and keeps none then. */
export async function keep(): Promise<void> {
  try {
    await fill(await caches.open(OWN));
  } catch (error) {
    await caches.delete(OWN);
    throw error;
  }
}

async function fill(cache: Cache): Promise<void> {
  // What is under a fixed address may be in the browser's own cache from a build before.
  const fresh = (path: string) => new Request(path, path.startsWith("/assets/") ? {} : { cache: "no-cache" });
  await cache.addAll([PAGE, ...BUILD.files].map(fresh));
  const page = await (await cache.match(PAGE, ANY_FORM))?.text();
  // While a new build is rolled out, the page may come from another gateway than the worker.
  const loads = [...(page ?? "").matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? "");
  if (loads.length > 0 && loads.every((path) => BUILD.files.includes(path))) return;
  throw new Error("the page is of another build than this worker");
}

/** Forgets builds before, but for the last: tabs that opened with it may have parts of it still to load. */
export async function forget(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== OWN);
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
}

/** A file of the build, or of the one before. */
export async function file(request: Request): Promise<Response> {
  const own = await caches.open(OWN);
  const { url } = request;
  return (await own.match(url, ANY_FORM)) ?? (await caches.match(url, ANY_FORM)) ?? fetch(request);
}

/** The page: as the gateway has it, or as it was kept where there is no answer in time. */
export async function page(request: Request): Promise<Response> {
  const answer = fetch(request);
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS, undefined));
  const first = await Promise.race([answer, late]).catch(() => undefined);
  if (first !== undefined && !AWAY.includes(first.status)) return first;
  const cache = await caches.open(OWN);
  return (await cache.match(PAGE, ANY_FORM)) ?? answer;
}
