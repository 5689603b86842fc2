/** The live connection as the rest of the SDK sees it: events come in, calls go out and are answered, or are not. */

export interface Transport {
  /** Connects, and stays connected as well as it can until `close`. */
  open(handler: TransportHandler): void;
  /** Emits an event and gives back its answer as it came. Never kept for later: without a connection it fails at once. Errors: `NoAnswer`. */
  call(event: string, payload: object): Promise<unknown>;
  /** Where it waits before its next try to connect, tries now. Nothing before `open` and after `close`. */
  wake(): void;
  close(): void;
}

export interface TransportHandler {
  /** An event of the server, as it came, in the order in which it came. */
  event(name: string, payload: unknown): void;
  /** The connection is gone, or could not be made; it is tried again. */
  down(): void;
  /** The server knows no such session; nothing is tried any more. */
  unauthenticated(): void;
}
