/** What the browser keeps of the page on disk, read as any script of the page could. */

import type { Page } from "playwright-core";

/** Every record of every IndexedDB database as JSON, by "database/store". */
export function onDisk(page: Page): Promise<Record<string, string[]>> {
  return page.evaluate(async () => {
    const finished = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error(String(request.error)));
      });
    const found: Record<string, string[]> = {};
    for (const { name = "" } of await indexedDB.databases()) {
      const database = await finished(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const all: unknown[] = await finished(database.transaction(store).objectStore(store).getAll());
        found[`${name}/${store}`] = all.map((record) => JSON.stringify(record));
      }
      database.close();
    }
    return found;
  });
}

/** Whether any record holds this text. */
export async function isOnDisk(page: Page, text: string): Promise<boolean> {
  const records = Object.values(await onDisk(page)).flat();
  return records.some((record) => record.includes(text));
}
