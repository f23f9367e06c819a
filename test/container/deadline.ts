import { StackError } from "../../lib/error.ts";

const DEFAULT = 10_000;

/**
 * The promise's value, or after `timeout` milliseconds the error `timeout`; `abandon` is then
 * called and must really end what was begun.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeout: number | undefined,
  abandon: () => void,
): Promise<T> {
  const milliseconds = timeout ?? DEFAULT;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      abandon();
      reject(new StackError("timeout", `no answer within ${milliseconds} ms`));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
