import type { CheckOpener, Outcome } from "../../../engine/check.ts";
import { failedLook } from "../../../engine/failed-look.ts";
import { httpLine } from "../../../lib/http-line.ts";
import { loopback } from "../../../stack/loopback.ts";
import type { ServiceModel } from "../../../stack/model.ts";
import { serviceFigures } from "./service-figures.ts";

/** A service's own word: `GET` of its health path on its port, over a connection that is kept. */
export function serviceCheck(service: Pick<ServiceModel, "name" | "unit" | "folder" | "port" | "health">): CheckOpener {
  return () => {
    const { port, health: path } = service;
    const line = httpLine({ host: loopback, port, path });
    const figures = serviceFigures(service);
    return {
      run: async (signal) => {
        // Its restarts are counted while it is down, too.
        const seen = figures();
        const outcome = await line
          .get(signal)
          .then(({ status, body }) => serviceOutcome(status, body, path), failedLook);
        return { ...outcome, figures: seen };
      },
      close: async () => line.close(),
    };
  };
}

/**
 * What a service's answer means. A body that is no health document is no fault: an
 * application may answer 200 with anything.
 */
export function serviceOutcome(status: number, body: string, path = "/health"): Outcome {
  const document = parsed(body);
  const failing = failingComponents(document);
  if (status >= 200 && status < 300) {
    if (document?.status !== "warn") return { status: "pass", code: "ok" };
    return { status: "warn", code: "degraded", message: failing || "the service says warn" };
  }
  if (status === 503) return { status: "fail", code: "unhealthy", message: failing || "the service says fail" };
  return { status: "fail", code: "unexpected-answer", message: `GET ${path} answered ${status}` };
}

/** "postgres: refused, redis: timeout", of a health document's flat components. */
function failingComponents(document: Readonly<Record<string, unknown>> | undefined): string {
  const components = document?.components;
  if (!Array.isArray(components)) return "";
  return components
    .filter((component) => component?.status !== "pass")
    .map((component) => `${component?.name}: ${component?.code}`)
    .join(", ")
    .slice(0, 500);
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === "object" && document !== null ? { ...document } : undefined;
  } catch {
    return undefined;
  }
}
