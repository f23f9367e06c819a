/** Where servers listen that are as they came. Apart from the settings, whose zod the agent does without. */
export const wellKnownPorts = {
  postgres: 5432,
  redis: 6379,
  sentinel: 26379,
  amqp: 5672,
  amqps: 5671,
  rabbitmqHttp: 15672,
  rabbitmqHttps: 15671,
} as const;
