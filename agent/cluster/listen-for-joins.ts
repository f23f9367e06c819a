import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { signNode } from "./authority.ts";
import type { ClusterContext } from "./cluster-context.ts";
import { type JoinAnswer, joinRequest } from "./join-request.ts";
import { judgeJoin, type Refusal } from "./judge-join.ts";
import { sharedSecrets } from "./membership.ts";
import type { TokenStore } from "./token-store.ts";

/** Wrong tokens after which no token is valid any more. */
const tries = 10;
const bodyLimit = 64 * 1024;
/** Milliseconds that a request may take, and between two looks whether a token is valid. */
const patience = 10_000;
const look = 1_000;

/**
 * Waits for others to join, while a token is valid. What it tells is for one that has shown one; and who asks knows by
 * its certificate that it is a member.
 *
 * @throws StackError `port-taken`
 */
export async function listenForJoins(context: ClusterContext, tokens: TokenStore, log: Log): Promise<void> {
  const { files, place, cluster, signal, now } = context;
  const [certificate, authority, key] = await Promise.all(
    [files.certificate, files.ca, files.key].map((path) => readFile(path, "utf8")),
  );
  let wrong = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const address = request.socket.remoteAddress ?? "";
    const outcome = await decide(request, address, context, tokens);
    if ("code" in outcome) {
      log("warning", `${address} may not join: ${outcome.message}`, {
        STACK_COMPONENT: "cluster",
        STACK_ERROR: outcome.code,
      });
      if (outcome.code === "token-unknown") wrong += 1;
      if (wrong >= tries) {
        await tokens.clear();
        log("error", `${wrong} wrong tokens: no token is valid any more`, { STACK_COMPONENT: "cluster" });
      }
    } else log("notice", `${address} has joined`, { STACK_COMPONENT: "cluster" });
    response.writeHead("code" in outcome ? 403 : 200, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify(outcome));
  };
  const server = createServer(
    {
      cert: `${certificate}${authority}`,
      key,
      minVersion: "TLSv1.3",
      requestTimeout: patience,
      headersTimeout: patience,
    },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        log("error", `a request to join failed: ${messageOf(error)}`, { STACK_COMPONENT: "cluster" });
        response.destroy();
      });
    },
  );
  server.maxConnections = 20;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new StackError("port-taken", `${place.address}:${cluster.joinPort} could not be listened on`, {
          cause: error,
          hint: `ss -Hltnp 'sport = :${cluster.joinPort}'`,
        }),
      ),
    );
    server.listen(cluster.joinPort, place.address, resolve);
  });
  try {
    while (!signal.aborted && (await tokens.all()).some(({ expires }) => now().getTime() < expires)) {
      await sleep(look, undefined, { signal }).catch(() => {});
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function decide(
  request: IncomingMessage,
  address: string,
  context: ClusterContext,
  tokens: TokenStore,
): Promise<JoinAnswer | Refusal> {
  const { model, cluster, place, files, secrets, now } = context;
  const malformed: Refusal = { code: "request-malformed", message: "this is no request to join" };
  if (request.method !== "POST" || request.url !== "/join") return malformed;
  const body = joinRequest.safeParse(await bodyOf(request));
  if (!body.success) return malformed;
  const known = { stack: model.name, cluster, place, tokens: await tokens.all(), now: now().getTime() };
  const node = judgeJoin(body.data, address, known);
  if ("code" in node) return node;
  const authority = { certificateFile: files.ca, keyFile: files.authorityKey };
  try {
    const certificate = await signNode(body.data.request, node, authority, context);
    const values = await Promise.all(
      sharedSecrets(model).map(async (name) => [name, await secrets.read(name)] as const),
    );
    return {
      authority: await readFile(files.ca, "utf8"),
      authorityKey: await readFile(files.authorityKey, "utf8"),
      certificate,
      secrets: Object.fromEntries(values),
    };
  } catch (error) {
    if (!isStackError(error)) throw error;
    return { code: "not-signed", message: "its request could not be signed, or a secret of this member is missing" };
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > bodyLimit) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}
