#!/bin/sh
# What the agent made beside the data. Passwords stay as long as there may be data that they open:
# `stack-agent reset --with-data` removes both.
set -e
if [ "$1" = purge ]; then
	rm -rf /var/cache/stack-agent /run/stack-agent
	if [ -d /var/lib/stack-agent/secrets ]; then
		echo "/var/lib/stack-agent/secrets stays: the passwords of the stack's databases" >&2
	else
		rm -rf /var/lib/stack-agent
	fi
	if [ -d /etc/stack-agent ]; then rmdir --ignore-fail-on-non-empty /etc/stack-agent; fi
fi
