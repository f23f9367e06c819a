import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname } from "node:path";
import { finished } from "node:stream/promises";
import { ApiFault } from "./api-fault.ts";
import type { UploadedFile } from "./stand-in-state.ts";

/** Parts before the file may not be longer than this. */
const headLimit = 64 * 1024;

/**
 * An upload as pve-http-server's own parser reads it: the length told beforehand, an unquoted
 * boundary, `Content-Disposition` as each part's first header, the parts in this order, and the
 * file last, in the field `filename`.
 */
export async function receiveUpload(
  request: IncomingMessage,
  { temporary, cutAfter }: { readonly temporary: string; readonly cutAfter: number | undefined },
): Promise<Omit<UploadedFile, "temporary" | "storage">> {
  const { "content-type": type = "", "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (encoding !== undefined) throw new ApiFault(501, "chunked transfer encoding not supported");
  if (length === undefined) throw new ApiFault(501, "content-length is missing");
  const boundary = /^multipart\/form-data;\s*boundary=([^\s"';]+)$/.exec(type)?.[1];
  if (boundary === undefined) throw new ApiFault(501, `upload '${type}' not implemented`);
  const end = `\r\n--${boundary}--\r\n`;
  await mkdir(dirname(temporary), { recursive: true });
  const file = createWriteStream(temporary);
  let head = Buffer.alloc(0);
  let fields: ReturnType<typeof readHead>;
  let received = 0;
  let left = 0;
  // What is refused half way is answered, so the connection is still needed.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    received += (chunk as Buffer).length;
    if (cutAfter !== undefined && received >= cutAfter) {
      request.socket.destroy();
      throw new ApiFault(500, "cut");
    }
    let data = chunk as Buffer;
    if (fields === undefined) {
      head = Buffer.concat([head, data]);
      fields = readHead(head, boundary);
      if (fields === undefined) {
        if (head.length > headLimit) throw new ApiFault(500, "upload header too long");
        continue;
      }
      left = Number(length) - fields.bytes - end.length;
      data = head.subarray(fields.bytes);
    }
    const content = data.subarray(0, left);
    left -= content.length;
    if (content.length > 0 && !file.write(content)) await once(file, "drain");
  }
  file.end();
  await finished(file);
  if (fields === undefined || left !== 0) throw new ApiFault(500, "upload incomplete");
  return fields;
}

function readHead(head: Buffer, boundary: string) {
  const text = head.toString("latin1");
  const part = (name: string): string =>
    `--${boundary}\\r\\nContent-Disposition: form-data; name="${name}"\\r\\n\\r\\n([^\\r\\n]*)\\r\\n`;
  const form = new RegExp(
    `^${part("content")}(?:${part("checksum-algorithm")}${part("checksum")})?` +
      `--${boundary}\\r\\nContent-Disposition: form-data; name="filename"; filename="([^"\\r\\n]+)"\\r\\n` +
      "(?:Content-Type: [^\\r\\n]+\\r\\n)?\\r\\n",
  );
  const match = form.exec(text);
  if (match === null) {
    if (text.includes("\r\n\r\n") && text.includes('filename="')) throw new ApiFault(501, "upload parts out of order");
    return undefined;
  }
  const [all, content, algorithm, checksum, filename = ""] = match;
  return { bytes: all.length, content, algorithm, checksum, filename };
}
