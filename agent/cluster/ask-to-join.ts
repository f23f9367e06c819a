import { X509Certificate } from "node:crypto";
import { request as httpsRequest } from "node:https";
import { createConnection } from "node:net";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { isErrno, messageOf, StackError } from "../../lib/error.ts";
import type { ClusterNode } from "../../stack/components/cluster/model.ts";
import { isAuthority, keyHash } from "./authority.ts";
import { type JoinAnswer, type JoinRequest, joinAnswer, joinRefusal } from "./join-request.ts";
import type { Token } from "./token.ts";

/** A member that gave a token, and where it waits. */
export interface Issuer {
  readonly token: Token;
  readonly host: string;
  readonly port: number;
  /** The node that its certificate must be of, by whatever way it is reached. */
  readonly node: ClusterNode;
  /** The address of this machine's that it is known by there. */
  readonly localAddress: string;
}

/** Milliseconds for each of two connections. */
const patience = 15_000;

/**
 * Asks a member to be taken in. First its authority is looked at, and nothing sent: only if its key is the one whose
 * hash the token has, a second connection, which holds by that authority alone, carries the token and the request.
 *
 * @throws StackError `unreachable`, `authority-differs`, `clock-differs`, `certificate-invalid`, or the member's refusal
 */
export async function askToJoin(issuer: Issuer, request: JoinRequest, signal: AbortSignal): Promise<JoinAnswer> {
  const authority = await authorityOf(issuer, signal);
  if (keyHash(authority) !== issuer.token.authority || !isAuthority(authority)) {
    throw new StackError(
      "authority-differs",
      `who answers on ${at(issuer)} is not of the token's cluster; nothing was sent`,
      {
        hint: "stack-agent cluster token on the member prints another token; --address says where that member is",
      },
    );
  }
  const { status, text } = await post(issuer, authority, JSON.stringify(request), signal);
  if (status === 200) {
    const answer = joinAnswer.safeParse(parsed(text));
    if (answer.success) return answer.data;
  }
  const refusal = joinRefusal.safeParse(parsed(text));
  if (refusal.success) {
    const { code, message, hint } = refusal.data;
    throw new StackError(code, message, { hint });
  }
  throw new StackError("answer-unknown", `${at(issuer)} answered ${status}, and nothing that can be read`, {
    hint: "make all three containers of one template",
  });
}

/** The last certificate of those that are shown. */
function authorityOf(issuer: Issuer, signal: AbortSignal): Promise<X509Certificate> {
  const { host, port, localAddress } = issuer;
  return new Promise((resolve, reject) => {
    const ended = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    // Whom it is of is seen by its key, below; nothing is sent here.
    const tcp = createConnection({ host, port, localAddress });
    const socket: TLSSocket = connect({ socket: tcp, rejectUnauthorized: false, minVersion: "TLSv1.3" }, () => {
      const { issuerCertificate } = socket.getPeerCertificate(true);
      if (issuerCertificate?.raw === undefined) return fail("it shows no authority");
      resolve(new X509Certificate(issuerCertificate.raw));
      tcp.destroy();
    });
    const fail = (error: unknown): void => {
      tcp.destroy();
      reject(unreachable(issuer, error));
    };
    tcp.once("error", fail);
    socket.once("error", fail);
    socket.once("close", () => fail("it hung up"));
    ended.addEventListener("abort", () => fail("it did not answer in time"), { once: true });
  });
}

function post(
  issuer: Issuer,
  authority: X509Certificate,
  body: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const { host, port, node, localAddress } = issuer;
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      {
        ...{ host, port, localAddress, path: "/join", method: "POST", agent: false, minVersion: "TLSv1.3" },
        ca: authority.toString(),
        checkServerIdentity: (_, certificate) => checkServerIdentity(node.address, certificate),
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
        response.once("error", (error) => reject(unreachable(issuer, error)));
      },
    );
    sent.once("error", (error) => reject(connectionError(issuer, error)));
    sent.end(body);
  });
}

function connectionError(issuer: Issuer, error: Error): StackError {
  if (isErrno(error, "CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED")) {
    return new StackError(
      "clock-differs",
      `by this machine's clock, ${new Date().toISOString()}, the certificate of ${issuer.node.name} is not valid`,
      {
        cause: error,
        hint: "compare the clocks: date; containers have theirs from their Proxmox node: timedatectl, chronyc tracking",
      },
    );
  }
  if (isErrno(error, "ERR_TLS_CERT_ALTNAME_INVALID")) {
    return new StackError(
      "certificate-invalid",
      `who answers on ${at(issuer)} is a member, and not node ${issuer.node.name}`,
      {
        cause: error,
        hint: "--address says where the member is that gave the token",
      },
    );
  }
  return unreachable(issuer, error);
}

function unreachable(issuer: Issuer, cause: unknown): StackError {
  return new StackError(
    "unreachable",
    `${issuer.node.name} could not be asked on ${at(issuer)}: ${typeof cause === "string" ? cause : messageOf(cause)}`,
    {
      hint: "it waits while a token is valid: stack-agent cluster token there prints a new one; --address says where else it is",
    },
  );
}

function at({ host, port }: Pick<Issuer, "host" | "port">): string {
  return `${host}:${port}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
