// CRC-32 as in zlib, and the text of a book's best levels that it is taken over.

const TABLE = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** The checksum of ASCII text, as an unsigned 32-bit number. */
export function crc32(text) {
  let sum = 0xffffffff;
  for (let at = 0; at < text.length; at += 1) sum = TABLE[(sum ^ text.charCodeAt(at)) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

/** bid1price:bid1quantity:ask1price:ask1quantity:bid2price:… over the best ten levels; missing sides are passed over. */
export function levelText(bids, asks, depth = 10) {
  const parts = [];
  for (let at = 0; at < depth; at += 1) {
    for (const side of [bids, asks]) {
      const level = side[at];
      if (level) parts.push(level[0], level[1]);
    }
  }
  return parts.join(":");
}

/** The checksum of a book. */
export const bookChecksum = (bids, asks) => crc32(levelText(bids, asks));
