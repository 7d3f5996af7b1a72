/* Pictures made small: fewer points, and few colours, so that a PNG of a page is a few kilobytes. */
import { deflateSync } from "node:zlib";

/* One point for every square of `factor` points, of their mean colour. */
export const shrink = ({ width, height, data }, factor) => {
  const small = { width: Math.floor(width / factor), height: Math.floor(height / factor) };
  small.data = Buffer.alloc(small.width * small.height * 4, 255);
  const mean = (x, y, channel) => {
    let sum = 0;
    for (let i = 0; i < factor * factor; i++) {
      const row = y * factor + Math.floor(i / factor);
      sum += data[(row * width + x * factor + (i % factor)) * 4 + channel];
    }
    return Math.round(sum / (factor * factor));
  };
  for (let y = 0; y < small.height; y++)
    for (let x = 0; x < small.width; x++)
      for (let channel = 0; channel < 3; channel++)
        small.data[(y * small.width + x) * 4 + channel] = mean(x, y, channel);
  return small;
};

/* --- PNG with a palette, which the library reads and does not write --- */

const crcTable = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

const crc = (bytes) => {
  let value = 0xffffffff;
  for (const byte of bytes) value = crcTable[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
};

const chunk = (type, bytes) => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), bytes]);
  const length = Buffer.alloc(4);
  const check = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  check.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, check]);
};

const distance = (a, b) => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;

/* The 16 colours that most points have, far enough from each other to be told apart. */
const palette = (data) => {
  const counts = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const colour = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
    counts.set(colour, (counts.get(colour) || 0) + 1);
  }
  const common = [...counts].sort((a, b) => b[1] - a[1]).map(([c]) => [c >> 16, (c >> 8) & 255, c & 255]);
  const chosen = [];
  for (const least of [900, 100, 0])
    for (const colour of common)
      if (chosen.length < 16 && chosen.every((other) => distance(colour, other) > least)) chosen.push(colour);
  return chosen;
};

const nearest = (colours, colour) => {
  let best = 0;
  for (let i = 1; i < colours.length; i++)
    if (distance(colours[i], colour) < distance(colours[best], colour)) best = i;
  return best;
};

/* The PNG file, four bits a point. */
export const quantize = ({ width, height, data }) => {
  const colours = palette(data);
  const known = new Map();
  const indexOf = (i) => {
    const colour = [data[i], data[i + 1], data[i + 2]];
    const name = colour.join();
    if (!known.has(name)) known.set(name, nearest(colours, colour));
    return known.get(name);
  };
  const rowSize = 1 + Math.ceil(width / 2);
  const rows = Buffer.alloc(rowSize * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      rows[y * rowSize + 1 + (x >> 1)] |= indexOf((y * width + x) * 4) << (x & 1 ? 0 : 4);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([4, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(colours.flat())),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
};
