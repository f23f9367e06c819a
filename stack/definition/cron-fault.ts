/** A field of a cron expression: what it may hold, and the names it may be written with. */
interface Field {
  readonly what: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { what: "minute", least: 0, most: 59 },
  { what: "hour", least: 0, most: 23 },
  { what: "day of the month", least: 1, most: 31 },
  {
    what: "month",
    least: 1,
    most: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  { what: "day of the week", least: 0, most: 7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/** The longest that a month is, by its number. */
const days = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * What is wrong with a cron expression of five fields, as the agent's clock reads it (npm: cron);
 * undefined where it has turns.
 */
export function cronFault(text: string): string | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length !== fields.length) return 'must be a cron expression of five fields, e.g. "*/15 * * * *"';
  const read = fields.map((field, index) => valuesOf(words[index] ?? "", field));
  const wrong = read.indexOf(undefined);
  const field = fields[wrong];
  if (field !== undefined) {
    const form = "a number, a range a-b, a list a,b, or * or a range with a step /n";
    return `"${words[wrong]}" is no ${field.what}: from ${field.least} to ${field.most}, ${form}`;
  }
  const [, , inMonth = [], months = []] = read;
  const never = words[4] === "*" && months.every((month) => inMonth.every((day) => day > (days[month] ?? 0)));
  return never ? "no month that it names has such a day" : undefined;
}

/** Every value that a field's text names; undefined for what is none. */
function valuesOf(text: string, { least, most, names }: Field): number[] | undefined {
  const offset = names === undefined ? 0 : least;
  const plain = text.toLowerCase().replace(/[a-z]{3}/g, (name) => {
    const index = names?.indexOf(name) ?? -1;
    return index < 0 ? name : String(index + offset);
  });
  const parts = plain.split(",").map((part) => {
    const [, star, low, high, step] = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,3}))?$/.exec(part) ?? [];
    if (star === undefined && low === undefined) return undefined;
    const from = low === undefined ? least : Number(low);
    const to = high !== undefined ? Number(high) : star !== undefined || step !== undefined ? most : from;
    const by = Number(step ?? 1);
    if (from < least || to > most || from > to || by === 0) return undefined;
    return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
  });
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
}
