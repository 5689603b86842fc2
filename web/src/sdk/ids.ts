/** Ids of messages: UUIDv7, so that they sort by the time they were made, also within one millisecond. */

let lastTime = 0;
let counter = 0;

/** A new UUIDv7. Within one page each is greater than the one before, whatever the clock does. */
export function newMessageId(now: number = Date.now()): string {
  const random = crypto.getRandomValues(new Uint8Array(10));
  if (now > lastTime) {
    lastTime = now;
    counter = ((random[0] ?? 0) << 3) | ((random[1] ?? 0) >> 5);
  } else if (counter < 0xfff) {
    counter += 1;
  } else {
    lastTime += 1;
    counter = 0;
  }
  const time = lastTime.toString(16).padStart(12, "0");
  const tail = [...random.subarray(2)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = ((parseInt(tail.slice(0, 1), 16) & 0x3) | 0x8).toString(16);
  const middle = counter.toString(16).padStart(3, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${middle}-${variant}${tail.slice(1, 4)}-${tail.slice(4, 16)}`;
}
