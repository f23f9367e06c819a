/**
 * A promise that rejects with the signal's reason as soon as it aborts, whatever the
 * operation does; `end` is called then, to end it for real.
 */
export async function abortable<T>(operation: Promise<T>, signal: AbortSignal, end: () => void): Promise<T> {
  let stop = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => {
      end();
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  // Once stopped, the operation's own error has nobody left to tell.
  operation.catch(() => {});
  try {
    return await Promise.race([operation, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
