#!/bin/sh
# Runs Debian's Zabbix, its database and its API in a root file system of their own, in the network
# this is started in: the API at 127.0.0.1:8080. For a mount and a PID namespace of its own, whose
# end takes all of it along. Needs root.
#   run-server.sh ROOT
set -eu
root=$1
mount --make-rslave /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
cat >"$root/run/server.conf" <<-END
	LogType=console
	PidFile=/run/zabbix/server.pid
	SocketDir=/run/zabbix
	DBHost=
	DBName=zabbix
	DBUser=zabbix
	FpingLocation=/bin/true
	CacheUpdateFrequency=2
	StartPollers=2
	StartPingers=0
	StartDiscoverers=1
	StartHTTPPollers=1
	StartTrappers=1
	StartPreprocessors=1
	StartLLDProcessors=1
END
cat >"$root/run/start.sh" <<-'END'
	set -eu
	mkdir -p /run/postgresql /run/zabbix
	chown postgres: /run/postgresql
	chown zabbix: /run/zabbix
	bin=$(echo /usr/lib/postgresql/*/bin)
	as() { user=$1; shift; setpriv --reuid="$user" --regid="$user" --init-groups env HOME=/tmp "$@"; }
	rm -rf /var/lib/postgresql/zabbix
	as postgres "$bin/initdb" --auth=trust --locale=C.UTF-8 --no-sync -D /var/lib/postgresql/zabbix >/dev/null
	as postgres "$bin/postgres" -D /var/lib/postgresql/zabbix -k /run/postgresql -c listen_addresses= -c fsync=off &
	until as postgres "$bin/pg_isready" -q -h /run/postgresql; do sleep 0.2; done
	as postgres "$bin/createuser" -h /run/postgresql zabbix
	as postgres "$bin/createdb" -h /run/postgresql -O zabbix zabbix
	cd /usr/share/zabbix-server-pgsql
	zcat schema.sql.gz images.sql.gz data.sql.gz | as zabbix psql -q -h /run/postgresql zabbix >/dev/null
	frontend=$(dirname "$(find /usr/share/zabbix -name api_jsonrpc.php | head -n 1)")
	cat >/tmp/zabbix.conf.php <<-'PHP'
		<?php
		$DB = ['TYPE' => 'POSTGRESQL', 'SERVER' => '/run/postgresql', 'PORT' => '0', 'DATABASE' => 'zabbix', 'USER' => 'zabbix',
		  'PASSWORD' => '', 'SCHEMA' => '', 'ENCRYPTION' => false, 'DOUBLE_IEEE754' => true, 'VAULT_URL' => ''];
		$ZBX_SERVER_NAME = 'test';
	PHP
	cp /tmp/zabbix.conf.php /etc/zabbix/zabbix.conf.php
	[ ! -d "$frontend/conf" ] || cp /tmp/zabbix.conf.php "$frontend/conf/zabbix.conf.php"
	as zabbix php -d memory_limit=256M -d max_execution_time=300 -d post_max_size=16M -S 127.0.0.1:8080 -t "$frontend" &
	chown zabbix: /run/server.conf
	as zabbix zabbix_server --foreground --config /run/server.conf
END
exec chroot "$root" env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 sh /run/start.sh
