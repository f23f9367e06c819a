#!/bin/bash
# stack-healthcheck PORT: ends with 0 where the broker on this container's loopback answers AMQP 0-9-1's greeting.
# rabbitmq-diagnostics would start an Erlang of its own each time.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'AMQP\0\0\11\1' >&3
# The first byte of a method's frame: Connection.Start.
IFS= read -r -N 1 -t 3 byte <&3
[ "$byte" = $'\1' ]
