import type { Model } from "../../../stack/model.ts";
import { type Board, type Panel, statusWords } from "../board.ts";
import { rate, series } from "../series.ts";

/** The services: by the agent's looks, and by what each tells at its own port. */
export function services(stack: Model): readonly Board[] {
  if (stack.services.length === 0) return [];
  return [
    {
      id: "services",
      title: "Services",
      choosesServices: true,
      rows: [
        { title: "State", panels: state(stack.services.map(({ name }) => name)) },
        { title: "Requests", panels: requests },
        { title: "Processes", panels: processes },
      ],
    },
  ];
}

const legend = "{{service}}";
const chosen = 'service=~"$service"';

function state(names: readonly string[]): readonly Panel[] {
  return [
    {
      title: "Health",
      about: "In the container: stack-agent health SERVICE, stack-agent logs SERVICE.",
      shape: "states",
      unit: "number",
      width: 16,
      words: statusWords,
      // Names are letters, digits and dashes: nothing that a pattern would take for more.
      queries: [
        {
          expr: series("stack_component_status", `component=~"${names.join("|")}"`, 'component=~"$service"'),
          legend: "{{component}}",
        },
      ],
    },
    {
      title: "Started again",
      about: "Restarts in the last hour, deployments among them.",
      shape: "bars",
      unit: "number",
      limits: { warning: 1, critical: 4 },
      queries: [{ expr: `round(increase(${series("stack_service_restarts_total", chosen)}[1h]))`, legend }],
    },
  ];
}

const bucket = rate("http_request_duration_seconds_bucket", chosen);

const quantile = (share: number): Panel => ({
  title: `Answered within, ${share * 100} of 100`,
  shape: "lines",
  unit: "seconds",
  width: 6,
  queries: [{ expr: `histogram_quantile(${share}, sum by (service, le) (${bucket}))`, legend }],
});

const all = `sum by (service) (${rate("http_requests_total", chosen)})`;

const requests: readonly Panel[] = [
  { title: "Requests", shape: "lines", unit: "requests", width: 6, queries: [{ expr: all, legend }] },
  {
    title: "Answered with an error",
    about: "Share of answers whose status is 500 or more. /health answers 503 while a service is not well.",
    shape: "lines",
    unit: "ratio",
    width: 6,
    limits: { warning: 0.01, critical: 0.1 },
    queries: [
      {
        expr: `(sum by (service) (${rate("http_requests_total", chosen, 'status=~"5.."')}) or ${all} * 0) / ${all}`,
        legend,
      },
    ],
  },
  quantile(0.5),
  quantile(0.99),
];

const processes: readonly Panel[] = [
  {
    title: "Release in force",
    shape: "bars",
    unit: "number",
    queries: [{ expr: series("stack_service_release_info", chosen), legend: "{{service}} {{release}}" }],
  },
  {
    title: "Memory",
    shape: "lines",
    unit: "bytes",
    queries: [{ expr: series("process_resident_memory_bytes", chosen), legend }],
  },
  {
    title: "Processor",
    about: "Of one core.",
    shape: "lines",
    unit: "ratio",
    queries: [{ expr: rate("process_cpu_seconds_total", chosen), legend }],
  },
];
