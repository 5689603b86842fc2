/** Files that people send: pictures that a browser can show, and others. */

import { crc32, deflateSync } from "node:zlib";

/** A file as it is chosen in a dialog or dropped on the page. */
export interface GivenFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const EIGHT_BIT_RGB = Buffer.from([8, 2, 0, 0, 0]);

/** A PNG of this size, from one colour at its top to another at its bottom. */
export function picture(name: string, width = 320, height = 200): GivenFile {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  const rows = Array.from({ length: height }, (_, y) => {
    const shade = Math.round((255 * y) / height);
    return Buffer.from([0, ...Array.from({ length: width }, () => [shade, 110, 255 - shade]).flat()]);
  });
  const parts = [
    chunk("IHDR", Buffer.concat([size, EIGHT_BIT_RGB])),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return { name, mimeType: "image/png", buffer: Buffer.concat([SIGNATURE, ...parts]) };
}

export function textFile(name: string, content: string): GivenFile {
  return { name, mimeType: "text/plain", buffer: Buffer.from(content) };
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
