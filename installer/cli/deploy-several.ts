import { writeJson } from "../../lib/cli/command-line.ts";
import { columns } from "../../lib/cli/text.ts";
import { describeError, ExitCode, errorDocument, isStackError } from "../../lib/error.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import type { DeploymentDocument, DeploymentsDocument } from "../../stack/documents/deployment.ts";
import { deploy, type Intent, intend, type Patience } from "../flow/deploy.ts";
import { clusterKey, type Destination, share } from "../flow/destinations.ts";
import { turns } from "../flow/turns.ts";
import type { Connected } from "../node/connect.ts";
import type { Template } from "../template/open-template.ts";
import type { Wanted } from "../wanted/wanted.ts";
import { deploymentText } from "./deployment-text.ts";
import { intentDocument, intentText } from "./intent-text.ts";
import { writeLine } from "./options.ts";

/** One node of several. */
export interface Order {
  readonly label: string;
  readonly to: string;
  readonly template: Template;
  connect(): Promise<Connected>;
}

export interface SeveralOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly resend: boolean;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  readonly onLeft: (text: string) => void;
}

type Placed = Destination & { readonly wanted: Wanted };

/**
 * The same template on several nodes at once. Where one fails the others go on.
 *
 * @returns the exit code: 1 where one failed, 2 where one is degraded
 */
export async function deploySeveral(orders: readonly Order[], options: SeveralOptions): Promise<number> {
  const failures = new Map<string, unknown>();
  const failed = (label: string, error: unknown): undefined => void failures.set(label, error);
  const reached: (Order & Connected)[] = [];
  try {
    // One after the other: a password may be asked for.
    for (const order of orders) {
      const connected = await order.connect().catch((error: unknown) => failed(order.label, error));
      if (connected !== undefined) reached.push({ ...order, ...connected });
    }
    const placed = await share(reached, failed);
    return options.dryRun
      ? await intendAll(orders, placed, failures, options)
      : await deployAll(orders, placed, failures, options);
  } finally {
    await Promise.all(reached.map(({ transport }) => transport.close()));
  }
}

async function deployAll(
  orders: readonly Order[],
  placed: readonly Placed[],
  failures: Map<string, unknown>,
  { signal, patience, resend, json, onLeft }: SeveralOptions,
): Promise<number> {
  const width = Math.max(...orders.map(({ label }) => label.length));
  const inTurn = turns();
  const left = new Map(orders.map(({ label }) => [label, "nothing was changed"]));
  const deployOne = ({ label, node, wanted, cluster }: Placed): Promise<DeploymentDocument> =>
    deploy({
      ...{ node, wanted, signal, patience, resend },
      progress: plainProgress((line) => writeLine(`${`${label}:`.padEnd(width + 1)} ${line}`)),
      inTurn: (storage, use) => inTurn(`${clusterKey(cluster, label)} ${storage}`, use),
      onLeft: (text) => {
        left.set(label, text);
        onLeft([...left].map(([name, line]) => `${name}: ${line}`).join("; "));
      },
    });
  const made = await all(placed, deployOne, (label, error) => void failures.set(label, error));
  signal.throwIfAborted();
  const done = new Map(made.map(({ of, made: document }) => [of.label, document]));
  if (json) writeJson(deploymentsDocument(orders, done, failures));
  else tellDeployments(orders, done, failures);
  if (failures.size > 0) return ExitCode.failed;
  return [...done.values()].every(({ status }) => status === "healthy") ? 0 : ExitCode.degraded;
}

function deploymentsDocument(
  orders: readonly Order[],
  done: ReadonlyMap<string, DeploymentDocument>,
  failures: ReadonlyMap<string, unknown>,
): DeploymentsDocument {
  const of = (label: string) => {
    const deployment = done.get(label);
    if (deployment !== undefined) return { to: label, deployment };
    const { detail, ...error } = errorDocument(failures.get(label));
    return { to: label, error: { ...error, detail: [...detail] } };
  };
  return { schemaVersion: 1, deployments: orders.map(({ label }) => of(label)) };
}

function tellDeployments(
  orders: readonly Order[],
  done: ReadonlyMap<string, DeploymentDocument>,
  failures: ReadonlyMap<string, unknown>,
): void {
  for (const { label, to } of orders) {
    const document = done.get(label);
    if (document !== undefined) process.stdout.write(deploymentText(document, to));
  }
  tellFailures(orders, failures);
  const rows = orders.map(({ label }) => {
    const document = done.get(label);
    if (document === undefined) return [label, `failed [${codeOf(failures.get(label))}]`];
    return [label, document.status, `container ${document.vmid}`, document.address];
  });
  process.stdout.write(`\n${columns(rows)}`);
}

async function intendAll(
  orders: readonly Order[],
  placed: readonly Placed[],
  failures: Map<string, unknown>,
  { json, signal, resend }: SeveralOptions,
): Promise<number> {
  const seen = await all(
    placed,
    (one) => intend({ ...one, resend }),
    (label, error) => void failures.set(label, error),
  );
  signal.throwIfAborted();
  const intents = new Map(seen.map(({ of, made }) => [of.label, { intent: made, wanted: of.wanted }]));
  const each = <T>(use: (label: string, found: { intent: Intent; wanted: Wanted } | undefined) => T): T[] =>
    orders.map(({ label }) => use(label, intents.get(label)));
  if (json) {
    const document = each((label, found) =>
      found === undefined
        ? { to: label, error: errorDocument(failures.get(label)) }
        : { to: label, intent: intentDocument(found.intent, found.wanted) },
    );
    writeJson({ schemaVersion: 1, intents: document });
  } else {
    const texts = each((_label, found) => (found === undefined ? [] : [intentText(found.intent, found.wanted)]));
    process.stdout.write(texts.flat().join("\n"));
    tellFailures(orders, failures);
  }
  const refused = seen.some(({ made }) => made.verdict.refusals.length > 0);
  return failures.size > 0 || refused ? ExitCode.failed : 0;
}

function tellFailures(orders: readonly Order[], failures: ReadonlyMap<string, unknown>): void {
  for (const { label } of orders) {
    if (failures.has(label)) writeLine(`\n${label}: ${describeError(failures.get(label))}`);
  }
}

function codeOf(error: unknown): string {
  return isStackError(error) ? error.code : "internal";
}

/** Does it for each at once, and waits for every one of them. */
async function all<A extends { readonly label: string }, B>(
  each: readonly A[],
  use: (one: A) => Promise<B>,
  failed: (label: string, error: unknown) => void,
): Promise<readonly { readonly of: A; readonly made: B }[]> {
  const made = await Promise.all(
    each.map((of) =>
      use(of).then(
        (one) => [{ of, made: one }],
        (error: unknown) => {
          failed(of.label, error);
          return [];
        },
      ),
    ),
  );
  return made.flat();
}
