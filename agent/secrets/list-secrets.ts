import { secretSince } from "../../engine/secrets/given-secrets.ts";
import type { SecretsDocument } from "../../stack/documents/secrets.ts";
import type { Model } from "../../stack/model.ts";

type Listed = SecretsDocument["secrets"][number];

/** Every secret of the stack by its name, and for whom it is: those that are given first. No value is read. */
export async function listSecrets(model: Model): Promise<SecretsDocument> {
  const given = model.givenSecrets.map(
    ({ name, description, services }): Listed => ({
      name,
      kind: "given",
      for: services.map(({ name: service }) => ({ service, credential: name })),
      description,
    }),
  );
  const made = model.secrets.map(({ name, purpose }): Listed => {
    const readers = model.services.flatMap(({ name: service, credentials }) =>
      credentials.filter(({ secret }) => secret === name).map(({ name: credential }) => ({ service, credential })),
    );
    return { name, kind: "made", for: readers, description: purpose };
  });
  const secrets = [...given, ...made].map(async (secret): Promise<Listed> => {
    const since = await secretSince(model.paths.state, secret.name);
    return { ...secret, ...(since && { since: since.toISOString() }) };
  });
  return { schemaVersion: 1, secrets: await Promise.all(secrets) };
}
