#!/bin/sh
# stack-postgres [postgres OPTION…]: makes the cluster in $PGDATA where there is none, with the superuser's
# password of the file $POSTGRES_PASSWORD_FILE, then becomes the server. Any other command is run as it is.
set -eu
[ "${1:-}" = postgres ] || exec "$@"
shift
umask 077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	if [ ! -s "${POSTGRES_PASSWORD_FILE:-}" ]; then
		echo "stack-postgres: there is no cluster in $PGDATA yet: to have one made, name a file with the superuser's password in POSTGRES_PASSWORD_FILE" >&2
		exit 78
	fi
	# What a start that was killed has left. The cluster has its name when it is whole.
	rm -rf "$PGDATA.new"
	initdb --pgdata="$PGDATA.new" --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" \
		--encoding=UTF8 --locale="${LANG:-C.UTF-8}" --data-checksums \
		--auth-local=peer --auth-host=scram-sha-256
	echo "host all all all scram-sha-256" >>"$PGDATA.new/pg_hba.conf"
	mv "$PGDATA.new" "$PGDATA"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c logging_collector=off "$@"
