#!/bin/sh
# Sets nothing up and starts nothing: that is `stack-agent provision`, which may refuse.
set -e
if [ "$1" = configure ]; then
	if [ -z "$2" ]; then
		echo "The stack is not set up yet. What it would change: stack-agent provision --plan"
		echo "To set it up: stack-agent provision"
	elif [ -d /run/systemd/system ]; then
		# An upgrade: the agent that runs is the old one. One that doesn't run is left so.
		systemctl try-restart stack-agent.service || true
		echo "To bring the stack to its new version: stack-agent provision"
	fi
fi
