import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";
import { once } from "../once.ts";
import { type Figure, least, type Measured, type Row } from "../row.ts";
import { firstCommand } from "./first-command.ts";
import { copyProject, edits } from "./project-copy.ts";
import { recording } from "./recording.ts";
import { buildReference, type Reference, type ReferenceOptions } from "./reference.ts";
import { type TimedBuild, type TimedBuildOptions, timedBuild } from "./timed-build.ts";

export interface BenchOptions {
  /** Scratch space, removed by the caller. */
  readonly folder: string;
  /** How often the slow things are measured; what is quick is measured five times. */
  readonly repeats: number;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const quickRepeats = 5;

/** Debian's own packages alone, which is what the reference has. */
const alike = ["--set", "rabbitmq.sources=[debian]"];

/** The builder's rows. Each measures what it needs; what several need is measured once. */
export function builderRows({ folder, repeats, signal, log }: BenchOptions): Row[] {
  const peaks: number[] = [];
  const copy = once(() => copyProject(folder));
  const cache = join(folder, "cache");
  const record = join(folder, "record");

  const build = async (what: string, options: Pick<TimedBuildOptions, "cache" | "env" | "args">) => {
    const out = await mkdtemp(join(folder, "out-"));
    const built = await timedBuild({ project: await copy(), out, folder, signal, args: alike, ...options });
    peaks.push(built.peak);
    log(`${what}: ${built.seconds.toFixed(1)} s, ${built.peak.toFixed(0)} MB held`);
    return built;
  };

  const reference = async (plain?: true): Promise<Reference> => {
    const scratch = await mkdtemp(join(folder, "reference-"));
    const stack = await defaultStack(await copy());
    const built = await buildReference({ ...stack, record, signal, folder: scratch, ...(plain && { plain }) });
    log(`${plain ? "plain reference" : "reference"}: ${built.seconds.toFixed(1)} s`);
    return built;
  };

  /** Cold builds and references take turns, so that a busy spell hits both. */
  const cold = once(async () => {
    const ours: TimedBuild[] = [];
    const references: Reference[] = [];
    for (let turn = 0; turn < repeats; turn += 1) {
      const own = turn === 0 ? cache : join(folder, `cache-${turn}`);
      ours.push(await build("cold build", { cache: own, ...(turn === 0 && { env: await recording(record) }) }));
      references.push(await reference());
    }
    return { ours, references };
  });

  const times = async <T>(make: (turn: number) => Promise<T>): Promise<T[]> => {
    const all: T[] = [];
    for (let turn = 0; turn < repeats; turn += 1) all.push(await make(turn));
    return all;
  };
  const byDefault = once(() =>
    times((turn) => build("cold build as it is by default", { cache: join(folder, `default-${turn}`), args: [] })),
  );
  const first = once(() => times(() => firstCommand(folder, signal)));

  /** Rebuilds from the first cold build's cache. */
  const rebuilds = (what: string, edit?: keyof typeof edits) =>
    once(async () => {
      await cold();
      const builds: TimedBuild[] = [];
      for (let number = 0; number < quickRepeats; number += 1) {
        if (edit !== undefined) await edits[edit](await copy(), number);
        builds.push(await build(what, { cache }));
      }
      return builds;
    });
  const untouched = rebuilds("rebuild of the same");
  const overlay = rebuilds("rebuild after an overlay edit", "overlay");
  const agent = rebuilds("rebuild after an agent edit", "agent");

  const secondsOf = (builds: readonly { readonly seconds: number }[]) =>
    least(
      builds.map(({ seconds }) => seconds),
      "s",
    );
  const coldReference = async () => ({ ...secondsOf((await cold()).ours), what: "cold build" });
  const byHand = async () => ({ ...secondsOf((await cold()).references), what: "mmdebstrap + uv + pigz" });
  const against = (figure: Figure, reference: Figure & { what: string }): Measured => ({
    ...{ figure, reference, compared: { value: figure.value / reference.value, unit: "×" } },
  });

  return [
    {
      name: "cold",
      title: "build from an empty cache, with Debian's own RabbitMQ",
      target: { atMost: 1.3, unit: "×" },
      measure: async () => against(secondsOf((await cold()).ours), await byHand()),
    },
    {
      name: "cold-default",
      title: "… as it is by default",
      target: { atMost: 1.3, unit: "×" },
      measure: async () => against(secondsOf(await byDefault()), await byHand()),
    },
    {
      name: "first",
      title: "the first command in a fresh checkout",
      target: { atMost: 1.3, unit: "×" },
      measure: async () => {
        const commands = await first();
        const install = Math.min(...commands.map((one) => one.install));
        const { value, what } = await byHand();
        const reference = { value: install + value, unit: "s", what: `npm install + ${what}` } as const;
        return against(secondsOf(commands), reference);
      },
    },
    {
      name: "same",
      title: "rebuild of the same input",
      measure: async () => ({ figure: secondsOf(await untouched()), reference: await coldReference() }),
    },
    {
      name: "overlay",
      title: "rebuild after an overlay edit",
      target: { atMost: 2, unit: "s" },
      measure: async () => ({ figure: secondsOf(await overlay()) }),
    },
    {
      name: "overlay-share",
      title: "… its share of a cold build",
      target: { atMost: 0.05, unit: "×" },
      measure: async () => against(secondsOf(await overlay()), await coldReference()),
    },
    {
      name: "agent",
      title: "rebuild after an agent edit",
      target: { atMost: 6, unit: "s" },
      measure: async () => ({ figure: secondsOf(await agent()) }),
    },
    {
      name: "bytes",
      title: "builds of the same input that differ",
      target: { atMost: 0, unit: "builds" },
      measure: async () => {
        const builds = [...(await cold()).ours, ...(await untouched())];
        const differing = builds.filter(({ sha256 }) => sha256 !== builds[0]?.sha256).length;
        return {
          figure: { value: differing, unit: "builds" },
          reference: { value: builds.length, unit: "builds", what: "compared" },
        };
      },
    },
    {
      name: "size",
      title: "the template, beyond the plain reference",
      target: { atMost: 45, unit: "MB" },
      measure: async () => beyond((await cold()).ours[0], await reference(true), "with all that the packages hold"),
    },
    {
      name: "size-same",
      title: "… beyond one of the same paths",
      measure: async () => {
        const { ours, references } = await cold();
        return beyond(ours[0], references[0], "with our paths left out");
      },
    },
    {
      name: "memory",
      title: "most that the builder's process held",
      target: { atMost: 150, unit: "MB" },
      measure: async () => {
        await Promise.all([cold(), untouched()]);
        return { figure: { value: Math.max(...peaks), unit: "MB" } };
      },
    },
  ];
}

function beyond(ours: TimedBuild | undefined, theirs: Reference | undefined, what: string): Measured {
  const megabytes = (bytes = Number.NaN): Figure => ({ value: bytes / 1e6, unit: "MB" });
  const [figure, reference] = [megabytes(ours?.bytes), megabytes(theirs?.bytes)];
  return { figure, reference: { ...reference, what }, compared: { value: figure.value - reference.value, unit: "MB" } };
}

async function defaultStack(project: string): Promise<Pick<ReferenceOptions, "model" | "lockOf">> {
  const file = join(project, "stack", "stock-analysis.yaml");
  return {
    model: resolve(parseDefinition(await readFile(file, "utf8"), file)),
    lockOf: (source) => join(project, "services", source, "requirements.lock"),
  };
}
