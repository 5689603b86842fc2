import { forceCloseDatabase, type IDBDatabase as FakeDatabase } from "fake-indexeddb";
import { vi } from "vitest";
import { IndexedDbStore } from "../../src/sdk/indexed_db";

/** Opens a store, with what ends it as a browser does that drops what a page keeps. */
export async function openEndable(name: string): Promise<{ store: IndexedDbStore; end: () => void }> {
  const opening = vi.spyOn(IDBFactory.prototype, "open");
  const opened = IndexedDbStore.open(name);
  const request = opening.mock.results[0]?.value as IDBOpenDBRequest;
  opening.mockRestore();
  const store = await opened;
  // The types of fake-indexeddb take the class for what is made of it.
  const end = () => forceCloseDatabase(request.result as unknown as typeof FakeDatabase);
  return { store, end };
}
