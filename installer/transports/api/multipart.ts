import { createReadStream } from "node:fs";
import type { Upload } from "../transport.ts";

/**
 * The body of an upload as Proxmox's own parser takes it: these parts in this order,
 * `Content-Disposition` as each one's first header, the file's field named `filename`, the
 * boundary without quotes, and a length told beforehand.
 */
export function multipart(upload: Upload, boundary: string) {
  const part = (name: string, value: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const head = Buffer.from(
    part("content", "vztmpl") +
      part("checksum-algorithm", "sha256") +
      part("checksum", upload.sha256) +
      `--${boundary}\r\nContent-Disposition: form-data; name="filename"; filename="${upload.name}"\r\n` +
      "Content-Type: application/octet-stream\r\n\r\n",
  );
  const end = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: head.length + upload.bytes + end.length,
    /** `onChunk` is told the file's bytes as they are taken. */
    async *body(onChunk: (bytes: number) => void): AsyncGenerator<Buffer> {
      yield head;
      for await (const chunk of createReadStream(upload.path, { highWaterMark: 1 << 18 })) {
        yield chunk as Buffer;
        onChunk((chunk as Buffer).length);
      }
      yield end;
    },
  };
}
