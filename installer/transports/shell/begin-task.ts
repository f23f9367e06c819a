/**
 * Runs a command whose worker is a task of the node, so that it outlives whoever asked for it: a
 * worker of pvesh ends as soon as nobody takes its output. The UPID is told at once, as the first
 * line, where the worker can be seen (its process is called "task UPID:…", RESTEnvironment.pm),
 * and nothing after it: the task is asked for the rest. Else what the command said, when it has
 * ended.
 */
const script = `out=$(mktemp) && err=$(mktemp) || exit 73
"$@" >"$out" 2>"$err" </dev/null &
pid=$!
trap '' HUP INT TERM PIPE
told=
while kill -0 "$pid" 2>/dev/null; do
  if [ -z "$told" ]; then
    told=$(ps -o args= --ppid "$pid" 2>/dev/null | sed -n 's/^task \\(UPID:[^ ]*\\).*/\\1/p' | head -n 1)
    [ -z "$told" ] || { printf '%s\\n' "$told"; exec >/dev/null 2>&1; }
  fi
  sleep 0.1
done
wait "$pid"
code=$?
cat -- "$out"
cat -- "$err" >&2
rm -f -- "$out" "$err"
exit "$code"`;

/** A session of its own: a signal to whoever waits for it isn't one to the worker. */
export function beginTask(argv: readonly string[]): readonly string[] {
  return ["setsid", "--wait", "sh", "-c", script, "sh", ...argv];
}
