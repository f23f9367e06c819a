import type { MetricsSettings, Receiver } from "./settings.ts";

/** Alertmanager's unit: systemd lends it its secrets by it. */
export const alertmanagerUnit = "prometheus-alertmanager.service";

/** What a secret is for that a receiver names. */
export const alertmanagerReader = "alertmanager";

/** Who alerts go to where the definition names nobody. */
const nobody = "nobody";

/**
 * Whom Alertmanager tells, and when: each receiver of every alert, within seconds, again every four hours, and
 * that it is over. (https://prometheus.io/docs/alerting/latest/configuration/; as of 0.25)
 */
export function alertmanagerConfig({ receivers }: Pick<MetricsSettings, "receivers">) {
  const names = Object.keys(receivers);
  return {
    route: {
      receiver: nobody,
      group_by: ["alertname"],
      group_wait: "5s",
      group_interval: "30s",
      repeat_interval: "4h",
      routes: names.map((receiver) => ({ receiver, continue: true })),
    },
    receivers: [{ name: nobody }, ...names.map((name) => ({ name, ...way(receivers[name] ?? {}) }))],
  };
}

function way({ email, webhook, ntfy }: Receiver): object {
  if (email !== undefined) {
    const { to, from, smarthost, user, secret } = email;
    const login = secret !== undefined && { auth_username: user ?? from, auth_password_file: credential(secret) };
    return { email_configs: [{ to, from, smarthost, send_resolved: true, ...login }] };
  }
  if (webhook !== undefined) return posted(webhook.url, webhook.secret);
  if (ntfy !== undefined) return posted(`${ntfy.url}?${ntfyTemplate}`, ntfy.secret);
  return {};
}

/** ntfy makes its message of the JSON by Go's templates (https://docs.ntfy.sh/publish/#message-templating). */
const ntfyTemplate = new URLSearchParams({
  template: "yes",
  title: "{{.status}}: {{.commonLabels.alertname}}",
  message: "{{range .alerts}}{{.annotations.summary}}\n{{end}}",
}).toString();

function posted(url: string, secret: string | undefined): object {
  const authorization = secret !== undefined && {
    http_config: { authorization: { type: "Bearer", credentials_file: credential(secret) } },
  };
  return { webhook_configs: [{ url, send_resolved: true, ...authorization }] };
}

/** Where systemd lays what it lends (systemd.exec(5), CREDENTIALS). */
function credential(secret: string): string {
  return `/run/credentials/${alertmanagerUnit}/${secret}`;
}

/** The given secrets that receivers name, each once. */
export function receiverSecrets({ receivers }: Pick<MetricsSettings, "receivers">): readonly string[] {
  const named = Object.values(receivers).flatMap(({ email, webhook, ntfy }) => [email, webhook, ntfy]);
  return [...new Set(named.flatMap((one) => one?.secret ?? []))];
}
