#!/bin/sh
# The agent ends with its package. Databases and services go on without it; who wants them
# gone takes them back before: `stack-agent reset`.
set -e
if [ "$1" = remove ] && [ -e /etc/systemd/system/stack-agent.service ]; then
	if [ -d /run/systemd/system ]; then
		systemctl --quiet disable --now stack-agent.service stack-provision.service || true
	fi
	echo "The stack stays, without its agent. Next time: stack-agent reset, then remove the package." >&2
fi
