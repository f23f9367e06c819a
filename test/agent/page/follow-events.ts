import { get } from "node:http";
import type { Test } from "tap";
import { waitFor } from "../../../lib/wait.ts";

export interface PageEvent {
  readonly name: string;
  readonly data: {
    readonly title: string;
    readonly status: string;
    readonly main?: string;
    readonly pieces?: readonly string[];
  };
}

/** Listens to the page's events, as its script does. */
export async function followEvents(t: Test, url: string, authorization?: string) {
  let text = "";
  let isOpen = true;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const request = get(
    `${url}/page/events`,
    { agent: false, headers: authorization === undefined ? {} : { authorization } },
    (response) => {
      resolve(response.statusCode ?? 0);
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", () => {});
      response.on("close", () => {
        isOpen = false;
      });
    },
  );
  request.on("error", reject);
  t.teardown(() => request.destroy());
  const status = await promise;
  const events = (): PageEvent[] =>
    text.split("\n\n").flatMap((block): PageEvent[] => {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      return name === undefined || data === undefined ? [] : [{ name, data: JSON.parse(data) }];
    });
  const until = (what: string, found: () => boolean) =>
    waitFor(async () => found(), { what, timeout: 20_000, interval: 10 });
  return {
    status,
    text: () => text,
    events,
    isOpen: () => isOpen,
    close: () => request.destroy(),
    event: async (count: number) => {
      await until(`event ${count}`, () => events().length >= count);
      return events()[count - 1] as PageEvent;
    },
    beats: (count: number) =>
      until("signs of life", () => text.split("\n:\n\n").length > count || text.split("\n\n:").length > count),
    closed: () => until("its end", () => !isOpen),
  };
}
