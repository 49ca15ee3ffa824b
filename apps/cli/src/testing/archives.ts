/** Small archives made in memory, so that a test can serve what the original's scripts fetch. */
import { crc32, gzipSync } from 'node:zlib';

/** Contents by path. */
export type Entries = Readonly<Record<string, string | Buffer>>;

const block = 512;
const padded = (data: Buffer): Buffer => Buffer.concat([data, Buffer.alloc((block - (data.length % block)) % block)]);

const tarHeader = (path: string, size: number): Buffer => {
  const header = Buffer.alloc(block);
  header.write(path, 0);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
};

/** POSIX ustar. */
export const tarOf = (entries: Entries): Buffer =>
  Buffer.concat([
    ...Object.entries(entries).flatMap(([path, content]) => {
      const data = Buffer.from(content);
      return [tarHeader(path, data.length), padded(data)];
    }),
    Buffer.alloc(2 * block),
  ]);

export const tgzOf = (entries: Entries): Buffer => gzipSync(tarOf(entries));

/** PKWARE's APPNOTE 6.3, stored without compression. */
export const zipOf = (entries: Entries): Buffer => {
  let offset = 0;
  const parts = Object.entries(entries).map(([path, content]) => {
    const [name, data] = [Buffer.from(path), Buffer.from(content)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, data]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    offset += local.length;
    return { local, central: Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, place, name]) };
  });
  const central = Buffer.concat(parts.map((part) => part.central));
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts.map(({ local }) => local), central, end]);
};
