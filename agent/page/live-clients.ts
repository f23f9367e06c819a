import type { ServerResponse } from "node:http";
import type { RenderedPage } from "./rendered-page.ts";

/** Browsers that have the page open, and are told of what changes by server-sent events. */
export interface LiveClients {
  /**
   * Tells a browser from now on; its headers are sent.
   *
   * @param mayStay asked now and then: whether it may still be told what it is
   * @returns false: too many are told already, and nothing was sent
   */
  join(response: ServerResponse, detail: boolean, mayStay: () => Promise<boolean>): boolean;
  count(): number;
}

export interface LiveOptions {
  readonly render: (detail: boolean) => RenderedPage;
  /**
   * What a reader is told of at the next look, compared one by one. While all of it is the same, only one look of
   * three has the page made: what is left are figures. Default: each look has.
   */
  readonly news?: () => readonly unknown[];
  /** Milliseconds between two looks at whether something has changed. */
  readonly interval?: number;
  /** Called once nobody is there any more: what was made for them can go. */
  readonly tidy?: () => void;
}

/** Most browsers at once: what is more is told to come again. */
const mostClients = 24;
/** Bytes that may wait for a browser that does not take them. */
const mostBehind = 256 * 1024;
/** Looks between two signs of life, and between two questions whether a browser may stay. */
const beat = 7;
/** Of so many looks one makes the page while there is no news. */
const restful = 3;

interface Client {
  readonly response: ServerResponse;
  readonly detail: boolean;
  readonly mayStay: () => Promise<boolean>;
}

/** The page is made once for all who see the same, and only what changed is sent. Nobody there: nothing is done. */
export function liveClients({ render, news, interval = 2_000, tidy }: LiveOptions): LiveClients {
  const clients = new Set<Client>();
  /** What was last sent, by whether it has detail. */
  const sent = new Map<boolean, RenderedPage>();
  let known: readonly unknown[] = [];
  let timer: NodeJS.Timeout | undefined;
  let turn = 0;

  const write = (client: Client, text: string): void => {
    client.response.write(text);
    // It would be kept for as long as the browser's machine sleeps.
    if (client.response.writableLength > mostBehind) client.response.destroy();
  };
  const look = (): void => {
    turn += 1;
    const found = news?.();
    const isNew = found === undefined || found.length !== known.length || found.some((one, at) => one !== known[at]);
    known = found ?? known;
    if (isNew || turn % restful === 0) tellChanges();
    if (turn % beat === 0) {
      for (const client of clients) {
        write(client, ":\n\n");
        void review(client);
      }
    }
  };
  const tellChanges = (): void => {
    for (const detail of new Set([...clients].map((client) => client.detail))) {
      const before = sent.get(detail);
      const page = rendered(detail);
      if (page === undefined) continue;
      sent.set(detail, page);
      const message = before === undefined ? whole(page) : changes(before, page);
      if (message === undefined) continue;
      for (const client of clients) if (client.detail === detail) write(client, message);
    }
  };
  /** Undefined where it could not be made: whoever waits for it is let go, and the agent lives on. */
  const rendered = (detail: boolean): RenderedPage | undefined => {
    try {
      return render(detail);
    } catch {
      for (const client of clients) if (client.detail === detail) client.response.destroy();
      return undefined;
    }
  };
  /** A token that is no longer the agent's opens nothing, nor keeps open what it opened. */
  const review = async (client: Client): Promise<void> => {
    if (!(await client.mayStay())) client.response.destroy();
  };
  const leave = (client: Client): void => {
    clients.delete(client);
    if (![...clients].some(({ detail }) => detail === client.detail)) sent.delete(client.detail);
    if (clients.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    // A page that is loaded anew is back in a moment.
    setTimeout(() => clients.size === 0 && tidy?.(), interval).unref();
  };

  return {
    join: (response, detail, mayStay) => {
      if (clients.size >= mostClients) return false;
      const client = { response, detail, mayStay };
      clients.add(client);
      response.on("close", () => leave(client));
      response.on("error", () => response.destroy());
      timer ??= setInterval(look, interval).unref();
      const page = sent.get(detail) ?? render(detail);
      sent.set(detail, page);
      write(client, whole(page));
      return true;
    },
    count: () => clients.size,
  };
}

function whole({ title, status, main }: RenderedPage): string {
  return event("whole", { title, status, main: main.html });
}

/** Undefined: nothing has changed. Where there are other pieces, or in another order, everything is sent. */
function changes(before: RenderedPage, page: RenderedPage): string | undefined {
  const ids = (of: RenderedPage): string => [...of.pieces.keys()].join(" ");
  const same = ids(before) === ids(page);
  if (!same) return whole(page);
  const pieces = [...page.pieces].filter(([id, html]) => before.pieces.get(id) !== html).map(([, html]) => html);
  if (pieces.length === 0 && before.title === page.title) return undefined;
  return event("pieces", { title: page.title, status: page.status, pieces });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
