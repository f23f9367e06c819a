#!/bin/sh
# Stands in front of mmdebstrap in a measured build's PATH: writes down how the base is made,
# arguments and environment, and becomes the real one. STACK_BENCH_RECORD: a folder.
set -eu
case " $* " in
*" --simulate "*) ;;
*" --include="*)
	printf '%s\0' "$@" >"$STACK_BENCH_RECORD/arguments"
	cat /proc/self/environ >"$STACK_BENCH_RECORD/environment"
	;;
esac
exec "$STACK_BENCH_MMDEBSTRAP" "$@"
