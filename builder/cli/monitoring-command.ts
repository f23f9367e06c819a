import { join, resolve } from "node:path";
import { Command } from "commander";
import { carryOut, readCommandLine, writeJson } from "../../lib/cli/command-line.ts";
import { loopback } from "../../stack/loopback.ts";
import { writeMonitoring } from "../monitoring/write-monitoring.ts";
import { buildOptions } from "./build-options.ts";
import { setOption } from "./set-option.ts";

const help = `
What is written follows from the definition: a stack without Redis has no dashboard of Redis.
The same definition gives the same bytes. Nothing is built, no network is asked.

  grafana/dashboards/STACK/*.json           the dashboards
  grafana/provisioning/dashboards/*.yaml    where Grafana finds them
  grafana/provisioning/datasources/*.yaml   the Prometheus that they ask
  zabbix/STACK.yaml                         a template for Zabbix 6.0 and 7.0

Examples:
  build-template monitoring my-stack.yaml --out monitoring
  build-template monitoring --prometheus http://10.1.1.9:9090

How they are imported: docs/monitoring.md.

Exit codes: 0 written, 1 failed, 64 unknown option or invalid stack.yaml.
`;

interface Flags {
  readonly out: string;
  readonly prometheus?: string;
  readonly set?: readonly string[];
  readonly json?: true;
}

/** `build-template monitoring [STACK.yaml]`. @returns the exit code */
export async function monitoringCommand(argv: readonly string[]): Promise<number> {
  const command = new Command("build-template monitoring")
    .description("Writes a stack's dashboards for Grafana and its template for Zabbix.")
    .argument("[STACK.yaml]", "the stack definition (default: stack/stock-analysis.yaml)")
    .option("--out <dir>", "where the files go", "dist/monitoring")
    .option("--prometheus <url>", "the stack's Prometheus, as Grafana reaches it (default: on the same machine)")
    .addOption(setOption())
    .option("--json", "print the result, or the error, as one JSON object")
    .addHelpText("after", help);
  const ended = readCommandLine(command, argv);
  if (ended !== undefined) return ended;
  const flags = command.opts<Flags>();
  return carryOut(flags.json === true, async () => {
    const { model, out } = await buildOptions(command.args[0], { ...flags, format: "gz", arch: "amd64" });
    const { prometheus = `http://${loopback}:${model.metrics?.port ?? 9090}` } = flags;
    const result = await writeMonitoring({ model, out: resolve(out), prometheus });
    if (flags.json) writeJson(result);
    else process.stdout.write(result.files.map((file) => `${join(flags.out, file)}\n`).join(""));
    return 0;
  });
}
