import { createServer } from "node:net";

/** A port of 127.0.0.1 nobody listens on, with `port + 10000` free as well where a bus needs it. */
export async function freePort(below = 30_000): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * (below - 20_000));
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
